package oracle

import (
	"math"
	"math/big"
	"strconv"
)

var (
	unit = new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(24), nil))
	half = big.NewRat(1, 2)
)

// written is a number as the shortest decimal that is read as it, in whole
// units of its 24th digit behind the point, rounded half away from zero.
// What is past 10^24 counts as it.
func written(f float64) *big.Int {
	exact, _ := new(big.Rat).SetString(strconv.FormatFloat(math.Abs(f), 'e', -1, 64))
	if math.Abs(f) >= 1e24 {
		exact.Set(unit)
	}
	exact.Add(exact.Mul(exact, unit), half)
	units := new(big.Int).Quo(exact.Num(), exact.Denom())
	if f < 0 {
		units.Neg(units)
	}
	return units
}

// total adds numbers up as they are written.
func total(numbers []float64) *big.Rat {
	units := new(big.Int)
	for _, n := range numbers {
		units.Add(units, written(n))
	}
	exact := new(big.Rat).SetInt(units)
	return exact.Quo(exact, unit)
}

// sum is the exact sum of the numbers of a list, rounded once.
func sum(list any) float64 {
	rounded, _ := total(numeric(list)).Float64()
	return rounded
}

// mean is the exact mean of the numbers of a list, rounded once.
func mean(list any) any {
	kept := numeric(list)
	if len(kept) == 0 {
		return nil
	}
	exact := total(kept)
	rounded, _ := exact.Quo(exact, new(big.Rat).SetInt64(int64(len(kept)))).Float64()
	return rounded
}
