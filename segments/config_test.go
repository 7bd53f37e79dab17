package segments

import (
	"strings"
	"testing"
	"time"
)

func TestConfigBounds(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	for reload, fine := range map[time.Duration]bool{
		0: true, 100 * time.Millisecond: true, 24 * time.Hour: true,
		-time.Second: false, 99 * time.Millisecond: false, 24*time.Hour + 1: false,
	} {
		err := Config{Path: "x", Reload: reload}.Validate()
		if (err == nil) != fine || !fine && !strings.Contains(err.Error(), "reload is "+reload.String()) {
			t.Errorf("reload %s: %v", reload, err)
		}
	}
	if err := (Config{}).Validate(); err == nil || !strings.Contains(err.Error(), "path") {
		t.Errorf("no path: %v", err)
	}
}

// All mistakes are told at once, in the order of the fields.
func TestConfigTellsAllMistakesInOrder(t *testing.T) {
	want := "path is missing\nreload is 1ns; it must be 0, or between 100ms and 24h"
	for range 2 {
		if err := (Config{Reload: 1}).Validate(); err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	}
}
