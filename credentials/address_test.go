package credentials

import "testing"

func TestValidateAddress(t *testing.T) {
	for address, good := range map[string]bool{
		"localhost:9092": true, "10.0.0.7:6379": true, "[::1]:6379": true, ":6379": true, "kafka-1.internal:65535": true,
		"": false, "localhost": false, "localhost:": false, "10.0.0.7": false, "::1": false, "redis://localhost:6379": false,
		"localhost:0": false, "localhost:65536": false, "localhost:-1": false, "localhost:kafka": false, "a:1,b:2": false,
	} {
		if err := ValidateAddress("addresses", address); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
}
