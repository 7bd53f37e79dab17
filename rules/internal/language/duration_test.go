package language

import "testing"

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]int64{
		"1s": 1000, "90s": 90_000, "15m": 900_000, "12h": 43_200_000, "1d": 86_400_000, "30d": 2_592_000_000, "2w": 1_209_600_000,
		"007d": 604_800_000, "36500d": 36_500 * 86_400_000, "3153600000s": maxDuration,
	} {
		if got, message := parseDuration(text); got != want || message != "" {
			t.Errorf("%q: %d %q, want %d", text, got, message, want)
		}
	}
	for _, text := range []string{
		"", "d", "30", "30 d", " 30d", "30d ", "30D", "1.5d", "-1d", "+1d", "1y", "1mo", "1M", "1ms", "d30", "0x1d", "1_0d", "٣d", "4294967296s",
		"0s", "00d", "36501d", "5215w", "3153600001s",
	} {
		if got, message := parseDuration(text); got != 0 || message == "" {
			t.Errorf("%q is read as %d", text, got)
		}
	}
}
