package event

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestNumbersRoundAsStrconv compares with strconv bit by bit.
func TestNumbersRoundAsStrconv(t *testing.T) {
	texts := []string{
		"0", "-0", "0.1", "0.3", "9007199254740992", "9007199254740993", "9007199254740991.5", "123456789012345678", "1234567890123456789",
		"0.000000000000000001", "0.0000000000000000001", "5e-324", "1e-400", "1.7976931348623157e308", "2.2250738585072011e-308",
		"8.41", "1E5", "1e+5", "100000000000000000000000000000000000000", "7.2057594037927933e16", "4.35", "0.000001",
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		f := math.Float64frombits(r.Uint64())
		if !math.IsNaN(f) && !math.IsInf(f, 0) {
			texts = append(texts, strconv.FormatFloat(f, 'g', r.IntN(20)+1, 64))
		}
		texts = append(texts, strconv.FormatFloat((r.Float64()-0.5)*math.Pow10(r.IntN(18)), 'f', r.IntN(18), 64))
	}
	for _, text := range texts {
		want, err := strconv.ParseFloat(text, 64)
		if err != nil {
			continue
		}
		if got, err := parseNumber([]byte(text)); err != nil || math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
}

// TestNumberForms holds the grammar against encoding/json's.
func TestNumberForms(t *testing.T) {
	for _, text := range []string{
		"", "-", "+1", "1.", ".5", "-.5", "01", "-01", "00", "0", "-0", "0.0", "1e", "1e+", "1e-", "1e5", "1E-5", "1.5e05", "1e5.5",
		"1-2", "1+2", "--1", "1..2", "1e5e5", "NaN", "nan", "inf", "-inf", "+Inf", "0x10", "1_000", "-0.0e-0", "10", "1.e5",
	} {
		_, err := parseNumber([]byte(text))
		if valid := json.Valid([]byte(text)); valid != (err == nil) {
			t.Errorf("%q: got error %v, encoding/json says valid is %v", text, err, valid)
		}
	}
}
