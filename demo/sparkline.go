package demo

import "slices"

// sparkWidth is how many sizes a sparkline shows.
const sparkWidth = 24

// Sparkline draws numbers as bars between the least and the greatest of
// them. Numbers that are all equal are drawn low.
func Sparkline(numbers []int64) string {
	if len(numbers) == 0 {
		return ""
	}
	bars := []rune("▁▂▃▄▅▆▇█")
	least, greatest := slices.Min(numbers), slices.Max(numbers)
	line := make([]rune, len(numbers))
	for i, n := range numbers {
		line[i] = bars[0]
		if greatest > least {
			line[i] = bars[(n-least)*int64(len(bars)-1)/(greatest-least)]
		}
	}
	return string(line)
}
