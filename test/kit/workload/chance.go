package workload

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

// dice draws numbers by weight.
type dice []float64

func newDice(weights []float64) dice {
	d, total := make(dice, len(weights)), 0.0
	for i, w := range weights {
		total += w
		d[i] = total
	}
	return d
}

func (d dice) roll(r *rand.Rand) int {
	return min(sort.SearchFloat64s(d, r.Float64()*d[len(d)-1]), len(d)-1)
}

// newSkewedDice gives n numbers mildly unequal chances, in random order.
func newSkewedDice(r *rand.Rand, n int) dice {
	weights := make([]float64, n)
	for i, rank := range r.Perm(n) {
		weights[i] = math.Pow(float64(rank+1), -0.6)
	}
	return newDice(weights)
}

// words are made of syllables; the first ones are drawn more often.
var words = func() []string {
	syllables := []string{"ka", "lo", "mi", "ne", "ru", "ta", "vi", "zo", "be", "su", "pra", "sto", "qui", "fen", "dor", "hal"}
	r := rand.New(rand.NewPCG(7, 7))
	var made []string
	for len(made) < 300 {
		text := ""
		for range 2 + r.IntN(2) {
			text += syllables[r.IntN(len(syllables))]
		}
		if !slices.Contains(made, text) {
			made = append(made, text)
		}
	}
	return made
}()

func word(r *rand.Rand) string { return words[int(float64(len(words))*r.Float64()*r.Float64())] }
