package kafka

import (
	"regexp"
	"testing"

	"github.com/segmentio/kafka-go"

	"muster/test/kit/repository"
)

// documented is a line of docs/operations.md that lets the user do something.
var documented = regexp.MustCompile(`(?m)^    kafka-acls.sh --add --allow-principal User:` + User + ` --operation (\w+) ` +
	`--(topic|group|transactional-id) (\S+)( --resource-pattern-type prefixed)?$`)

// continued is a line that goes on in the next one.
var continued = regexp.MustCompile(`\s*\\\n\s*`)

// resources are the words of kafka-acls.sh.
var resources = map[string]kafka.ResourceType{
	"topic": kafka.ResourceTypeTopic, "group": kafka.ResourceTypeGroup, "transactional-id": kafka.ResourceTypeTransactionalID,
}

// DocumentedPermissions returns the permissions that docs/operations.md
// lists, with names in place of those of the document, as an argument of
// Allow. Every name there must have one.
func DocumentedPermissions(t testing.TB, names map[string]string) []kafka.ACLEntry {
	t.Helper()
	var entries []kafka.ACLEntry
	unfolded := continued.ReplaceAllString(repository.Read(t, "docs/operations.md"), " ")
	for _, line := range documented.FindAllStringSubmatch(unfolded, -1) {
		var e kafka.ACLEntry
		if err := e.Operation.UnmarshalText([]byte(line[1])); err != nil {
			t.Fatalf("%s: %v", line[0], err)
		}
		e.ResourceType = resources[line[2]]
		e.ResourcePatternType = kafka.PatternTypeLiteral
		if line[4] != "" {
			e.ResourcePatternType = kafka.PatternTypePrefixed
		}
		name, known := names[line[3]]
		if !known {
			t.Fatalf("%s: nobody knows what %s is called here", line[0], line[3])
		}
		e.ResourceName = name
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		t.Fatal("docs/operations.md lists no permissions")
	}
	return entries
}
