package observe_test

import (
	"testing"

	"muster/observe"
)

// All mistakes are told at once, in the order of the fields.
func TestLogConfigTellsAllMistakesInOrder(t *testing.T) {
	want := `level is "loud"; it must be debug, info, warn or error` + "\n" + `format is "xml"; it must be console or json`
	for range 2 {
		if err := (observe.LogConfig{Level: "loud", Format: "xml"}).Validate(); err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	}
}

func TestListenIsAnAddress(t *testing.T) {
	if err := observe.DefaultHTTP().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	for listen, fine := range map[string]bool{
		"": true, ":8080": true, "127.0.0.1:0": true, "[::1]:8080": true, "host:http": true,
		"8080": false, "host": false, "::1:8080": false, "http://host:8080": false,
	} {
		if err := (observe.HTTPConfig{Listen: listen}).Validate(); (err == nil) != fine {
			t.Errorf("%q: %v", listen, err)
		}
	}
}
