package activation

import "reflect"

// Same reports whether two lists of destinations are the same to the last
// setting, secrets and chosen segments included.
func Same(a, b []Destination) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		one, other := a[i], b[i]
		// Functions are never equal, and what they do follows from the rest.
		one.format, other.format = Format{}, Format{}
		if !reflect.DeepEqual(one, other) {
			return false
		}
	}
	return true
}
