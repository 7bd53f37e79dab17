package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// product is one that the shop sells.
type product struct {
	sku      string
	category string
	price    float64
}

// Values stand as often as they are likely.
var (
	categories = []string{"shirts", "shirts", "shirts", "shoes", "shoes", "hats", "bags", "coats"}
	prices     = map[string]float64{"shirts": 24, "shoes": 69, "hats": 19, "bags": 54, "coats": 129}
	countries  = []string{"DE", "DE", "DE", "FR", "FR", "US", "US", "AT", "CH", "PL"}
	cities     = []string{"Berlin", "Paris", "Vienna", "Boston", "Basel", "Gdansk"}
	plans      = []string{"free", "free", "free", "pro", "business"}
	tags       = []string{"newsletter", "beta", "student"}
	paths      = []string{"/", "/", "/sale", "/about", "/help"}
)

// perCategory is how many products a category has.
const perCategory = 10

// anyProduct chooses a product. The later ones of a category cost more.
func anyProduct(r *rand.Rand) product {
	category, number := pick(r, categories), r.IntN(perCategory)
	price := prices[category] * (0.7 + 0.08*float64(number))
	return product{
		sku: fmt.Sprintf("%s-%d", category, number), category: category, price: math.Floor(price) + 0.9,
	}
}

func someTags(r *rand.Rand) []string {
	list := []string{}
	for _, tag := range tags {
		if r.IntN(3) == 0 {
			list = append(list, tag)
		}
	}
	return list
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
