package insights

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
)

// WriteCSV writes the findings of a profile as CSV. Values are JSON, so that no
// program takes a customer's text for a formula.
func (p *Profile) WriteCSV(to io.Writer) error {
	out := csv.NewWriter(to)
	rows := [][]string{{"segment", "trait", "value", "in_audience", "in_against", "share", "share_against", "index", "index_low", "index_high", "p", "q", "differs"}}
	number := func(v float64) string {
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	for i := range p.Findings {
		f := &p.Findings[i]
		rows = append(rows, []string{
			f.Segment, f.Trait, string(f.Value), strconv.FormatInt(f.InAudience, 10), strconv.FormatInt(f.InAgainst, 10), number(f.Share), number(f.ShareAgainst),
			number(float64(f.Index)), number(float64(f.IndexLow)), number(float64(f.IndexHigh)), number(f.P), number(f.Q), strconv.FormatBool(f.Differs),
		})
	}
	if err := out.WriteAll(rows); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}
