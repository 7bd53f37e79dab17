package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// customer is what the shop remembers of one: who has been seen, and how far
// in a purchase.
type customer struct {
	known bool
	looks int    // at products since the last order
	cart  []item // at most maxCart
}

const maxCart = 4

// item is one line of a cart.
type item struct {
	product  product
	quantity int
}

// act fills in what the customer does now.
func (c *customer) act(t *Traffic, number int, call *call) {
	switch n := t.r.IntN(100); {
	case !c.known && call.UserID != "":
		c.known = true
		identify(t.r, number, call)
	case n < 3 && call.UserID != "":
		change(t.r, number, call)
	case len(c.cart) > 0 && n < 45:
		c.order(t.r, call)
	case len(c.cart) < maxCart && c.looks > 0 && n < 60 && number%3 != 1: // a third only looks
		c.add(t.r, call)
	case n < 85:
		c.look(t.r, call)
	default:
		call.Type = "page"
		call.Properties = map[string]any{"path": pick(t.r, paths)}
	}
}

func (c *customer) look(r *rand.Rand, call *call) {
	c.looks++
	p := anyProduct(r)
	call.Type, call.Event = "track", "Product Viewed"
	call.Properties = map[string]any{"sku": p.sku, "category": p.category, "price": p.price}
}

func (c *customer) add(r *rand.Rand, call *call) {
	one := item{anyProduct(r), 1 + r.IntN(2)}
	c.cart = append(c.cart, one)
	call.Type, call.Event = "track", "Product Added"
	call.Properties = map[string]any{
		"sku": one.product.sku, "category": one.product.category, "price": one.product.price, "quantity": one.quantity,
	}
}

func (c *customer) order(r *rand.Rand, call *call) {
	revenue, products := 0.0, []any{}
	for _, one := range c.cart {
		revenue += one.product.price * float64(one.quantity)
		products = append(products, map[string]any{
			"sku": one.product.sku, "category": one.product.category, "price": one.product.price, "quantity": one.quantity,
		})
	}
	call.Type, call.Event = "track", "Order Completed"
	call.Properties = map[string]any{
		"order_id": fmt.Sprintf("o-%06x", r.IntN(1<<24)), "revenue": math.Round(revenue*100) / 100, "products": products,
	}
	if r.IntN(5) == 0 {
		call.Properties["coupon"] = "WELCOME10"
	}
	c.cart, c.looks = c.cart[:0], 0
}

// identify tells all about a customer.
func identify(r *rand.Rand, number int, call *call) {
	call.Type = "identify"
	call.Traits = map[string]any{
		"country": pick(r, countries), "plan": pick(r, plans), "age": 16 + r.IntN(60), "tags": someTags(r),
		"address": map[string]any{"city": pick(r, cities)},
	}
	if r.IntN(10) > 0 {
		call.Traits["email"] = fmt.Sprintf("customer-%04d@example.com", number)
	}
}

// change tells what is new about a customer.
func change(r *rand.Rand, number int, call *call) {
	call.Type = "identify"
	switch r.IntN(4) {
	case 0:
		call.Traits = map[string]any{"plan": pick(r, plans)}
	case 1:
		call.Traits = map[string]any{"tags": someTags(r)}
	case 2:
		call.Traits = map[string]any{"email": fmt.Sprintf("customer-%04d@example.org", number)}
	default:
		call.Traits = map[string]any{"email": nil} // does not want mail any more
	}
}
