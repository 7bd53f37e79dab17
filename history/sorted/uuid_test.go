package sorted

import (
	"strings"
	"testing"
)

func TestPackedIDsComeBack(t *testing.T) {
	uuid := "0f8fad5b-d9cb-469f-a165-70867728950e"
	for id, bytes := range map[string]int{
		"": 0, "1": 2, uuid: 17, strings.ToUpper(uuid): 37, uuid + "0": 38, uuid[:35]: 36, uuid[:35] + "g": 37, uuid[:35] + "-": 37,
		"ajs-next-1700000000000-" + uuid: 60, strings.Repeat("-", 36): 37, "\x01": 2,
	} {
		packed := packID([]byte("x"), id)[1:]
		var memory [uuidLength]byte
		got, ok := unpackID(packed, &memory)
		if !ok || got != id || len(packed) != bytes {
			t.Errorf("%q: %q in %d bytes, want %d", id, got, len(packed), bytes)
		}
	}
	for _, damaged := range []string{"\x01", "\x01abc", "\x02x"} {
		if _, ok := unpackID([]byte(damaged), new([uuidLength]byte)); ok {
			t.Errorf("%q was unpacked", damaged)
		}
	}
}
