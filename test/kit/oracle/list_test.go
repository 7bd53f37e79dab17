package oracle

import (
	"testing"

	"muster/event"
)

// baskets is a history of orders with lists of products.
func baskets() []event.Event {
	return []event.Event{
		identify(before("4d"), `{"items":[{"sku":"A","qty":2,"tags":["x","y"]},{"sku":"B","qty":1}],"odd":"text","scores":[0.1,0.2,"3",null]}`),
		track(before("3d"), "Order", `{"products":[{"sku":"A","price":0.1,"qty":1},{"sku":"B","price":0.7,"qty":2},{"sku":"A","price":"5","qty":3}],"tags":["x",["y","z"]]}`),
		track(before("2d"), "Order", `{"products":[{"sku":"B","price":10,"qty":1},{"sku":"C"},5],"tags":"y"}`),
		track(before("1d"), "Order", `{"products":[]}`),
		track(before("1h"), "Order", `{"products":{"sku":"Z","price":1}}`),
	}
}

func TestLists(t *testing.T) {
	check(t, []law{
		{
			name:    "inside events",
			history: baskets(),
			yes: []string{
				`sum(events("Order"), sum(.products, .price)) == 10.8`, `sum(map(events("Order"), sum(.products, .price * .qty))) == 11.5`,
				`sum(events("Order"), count(.products)) == 6`, `sum(events("Order"), count(.products, .price > 0.5)) == 2`,
				`max(map(events("Order"), max(.products, .price))) == 10`, `max(map(events("Order"), max(map(.products, .price)))) == 10`,
				`min(map(events("Order"), min(.products, .price))) == 0.1`, `count(events("Order"), mean(.products, .price) == 0.4) == 1`,
				`count(events("Order"), mean(.products, .price) == nil) == 2`, `count(events("Order"), sum(.products, .price) == 0) == 2`,
				`any(events("Order"), sum(filter(.products, .sku == "A"), .qty) == 4)`, `any(events("Order"), "C" in map(.products, .sku))`,
				`count(events("Order"), len(map(.products, .sku)) == 0) == 2`, `last(events("Order", "7d", "36h")).products != nil`,
				`sum(map(events("Order"), .products), sum(#, .price)) == 10.8`,
			},
			no: []string{`any(events("Order"), max(.products, .price) > 10)`},
		},
		{
			name:    "distinct values of the lists of all events; a missing one counts once",
			history: baskets(),
			yes: []string{
				`len(uniq(flatten(map(events("Order"), map(.products, .sku))))) == 4`, `events("Order") | map(map(.products, .sku)) | flatten() | uniq() | len() == 4`,
				`len(uniq(flatten(map(events("Order", "60h"), map(.products, .sku))))) == 3`, `len(uniq(flatten(map(events("Order"), .tags)))) == 4`,
				`len(uniq(flatten(map(events("Gone"), .tags)))) == 0`, `count(uniq(flatten(map(events("Order"), map(filter(.products, .price > 0.5), .sku))))) == 1`,
			},
		},
		{
			name:    "of traits",
			history: baskets(),
			yes: []string{
				`sum(traits.items, .qty) == 3`, `mean(map(traits.items, .qty)) == 1.5`, `max(map(traits.items, .qty)) == 2`, `min(map(traits.items, .qty)) == 1`,
				`sum(traits.scores) == 0.3`, `mean(traits.scores) == 0.15`, `max(traits.scores) == 0.2`, `sum(traits.odd) == 0`, `mean(traits.odd) == nil`,
				`sum(traits.gone, .x) == 0`, `max(traits.gone) == nil`, `"A" in map(traits.items, .sku)`, `count(filter(traits.items, .qty > 1)) == 1`,
				`any(traits.items, len(filter(.tags, # != "x")) == 1)`, `traits.items | filter(.sku == "B") | sum(.qty) == 1`, `sum(traits.items, count(.tags)) == 2`,
				`any(map(traits.items, .qty * 2), # == 4)`,
			},
		},
	})
}
