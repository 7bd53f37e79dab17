package workload

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"muster/event"
)

// enumerations are the Text attributes with the number of values of each.
var enumerations = []struct {
	name   string
	values int
}{
	{"country", 50}, {"plan", 5}, {"gender", 3}, {"device", 8}, {"city", 2000}, {"language", 20}, {"os", 6},
	{"browser", 10}, {"channel", 12}, {"tier", 4}, {"industry", 30}, {"tz", 24}, {"referrer", 200},
	{"campaign", 500}, {"store", 300}, {"currency", 15}, {"carrier", 40}, {"appver", 60}, {"brand", 100},
	{"category", 80},
}

// openTexts are the Open attributes.
var openTexts = []string{
	"email", "last_url", "company", "phone", "utm_term", "ua", "referral_code", "first_name", "last_name", "external_id",
}

// traits makes 20 enumerations, 20 numbers, 10 flags and 10 open texts.
func traits() []*Attribute {
	var all []*Attribute
	for _, e := range enumerations {
		all = append(all, enumeration(e.name, e.values))
	}
	shapes := []struct {
		kind Kind
		draw func(r *rand.Rand) float64
	}{
		{Integer, func(r *rand.Rand) float64 { return math.Floor(18 + 60*r.Float64()*r.Float64()) }},
		{Float, func(r *rand.Rand) float64 { return cents(math.Exp(r.NormFloat64()*1.2 + 3)) }},
		{Float, func(r *rand.Rand) float64 { return cents(100 * r.Float64()) }},
		{Integer, func(r *rand.Rand) float64 { return math.Floor(40 * r.ExpFloat64()) }},
	}
	for i := range 20 {
		shape := shapes[i%len(shapes)]
		all = append(all, number(shape.kind, fmt.Sprintf("num%d", i), shape.draw))
	}
	for i := range 10 {
		all = append(all, flag(fmt.Sprintf("flag%d", i), 0.05+0.09*float64(i)))
	}
	for _, name := range openTexts {
		all = append(all, openText(name))
	}
	return all
}

// enumeration is a Text whose i-th value is drawn with weight 1/(i+1)^0.8.
func enumeration(name string, values int) *Attribute {
	texts, weights := make([]string, values), make([]float64, values)
	for i := range texts {
		texts[i] = name[:2] + strconv.Itoa(i)
		if name == "city" {
			texts[i] = words[i%len(words)] + " " + strconv.Itoa(i/len(words))
		}
		weights[i] = math.Pow(float64(i+1), -0.8)
	}
	dice := newDice(weights)
	return &Attribute{Name: name, Kind: Text, Texts: texts, draw: func(r *rand.Rand) event.Value {
		return event.StringOf(texts[dice.roll(r)])
	}}
}

func flag(name string, share float64) *Attribute {
	return &Attribute{Name: name, Kind: Bool, draw: func(r *rand.Rand) event.Value {
		return event.BoolOf(r.Float64() < share)
	}}
}

// openText is missing in three profiles of ten.
func openText(name string) *Attribute {
	made := func(r *rand.Rand) string { return fmt.Sprintf("%s %s%d", word(r), word(r), r.IntN(1000)) }
	switch name {
	case "email":
		made = func(r *rand.Rand) string {
			return fmt.Sprintf("%s.%s%d@%s.com", word(r), word(r), r.IntN(1000), word(r))
		}
	case "last_url":
		made = func(r *rand.Rand) string {
			return fmt.Sprintf("/%s/%s/%s?id=%d", word(r), word(r), word(r), r.IntN(100_000))
		}
	}
	return &Attribute{Name: name, Kind: Open, draw: func(r *rand.Rand) event.Value {
		if r.Float64() < 0.3 {
			return event.Value{}
		}
		return event.StringOf(made(r))
	}}
}

func cents(f float64) float64 { return math.Round(100*f) / 100 }
