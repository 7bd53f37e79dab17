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
