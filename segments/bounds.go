package segments

// Bounds of definitions. A change that would pass one is refused. The longest
// rule and the longest text of a segment are rules.MaxSource and rules.MaxText.
const (
	MaxDefinitions = 100_000
	MaxEditBytes   = 32 << 20 // texts of one change
	MaxBytes       = 64 << 20 // texts of all definitions

	maxWho     = 200
	maxMessage = 2000
)
