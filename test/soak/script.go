package soak

import (
	"fmt"
	"strings"
	"time"

	"muster/test/kit/generate"
	"muster/test/kit/oracle"
)

// Script writes a case for rules/testdata, with the changes that the oracle
// expects at its end. A script is neither stored nor sampled, nor is the
// oracle asked around; what fails only so is marked.
func Script(c *Case) (string, error) {
	log, err := c.log()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if c.Stored || c.Sampled || c.Around {
		fmt.Fprintf(&b, "# Fails only with Stored %t (Room %d), Sampled %t, Around %t.\n", c.Stored, c.Room, c.Sampled, c.Around)
	}
	for _, u := range c.Rules {
		fmt.Fprintf(&b, "rule %s: %s\n", u.ID, strings.ReplaceAll(u.Text, "\n", "\n  "))
	}
	var changes []oracle.Change
	for _, st := range c.Steps {
		changes = append(changes, foretell(log, st)...)
		switch {
		case st.Erase != nil:
			fmt.Fprintf(&b, "# Here %+v is carried out, which no script can say.\n", *st.Erase)
		case st.Event == nil:
			fmt.Fprintf(&b, "advance %s\n", instant(st.Until))
		default:
			fmt.Fprintf(&b, "event %s\n", generate.Record(st.Event, nil))
		}
	}
	b.WriteString("changes\n")
	for _, change := range changes {
		verb := "leaves"
		if change.Entered {
			verb = "enters"
		}
		fmt.Fprintf(&b, "  %s %s %s %s (%s, version %d)\n", instant(change.At), change.Profile, verb, change.Segment, change.Cause, change.Version)
	}
	return b.String(), nil
}

func instant(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
