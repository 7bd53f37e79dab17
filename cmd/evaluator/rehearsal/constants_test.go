package rehearsal

import (
	"fmt"
	"os"
	"regexp"
	"testing"
)

// TestConstantsAreThoseOfTheDocument: whoever measures anew changes both.
func TestConstantsAreThoseOfTheDocument(t *testing.T) {
	text, err := os.ReadFile("../../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]float64{
		"serversRecord": serversRecord, "serversWrite": serversWrite, "serversLoad": serversLoad, "serversChange": serversChange,
		"redisWrite": redisWrite, "redisLoad": redisLoad, "redisChange": redisChange,
	} {
		row := regexp.MustCompile("(?m)^\\| `" + name + "` \\| ([0-9.]+) \\|").FindSubmatch(text)
		switch {
		case row == nil:
			t.Errorf("docs/scaling.md has no row of %s", name)
		case string(row[1]) != fmt.Sprintf("%.1f", value):
			t.Errorf("%s is %.1f here and %s in docs/scaling.md", name, value, row[1])
		}
	}
}
