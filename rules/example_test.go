package rules_test

import (
	"fmt"

	"muster/rules"
)

// Load checks the rules of files and compiles them.
func ExampleLoad() {
	file := rules.Source{Name: "shop.yaml", Data: []byte(`
segments:
  - id: loyal
    rule: count(events("Order Completed", "30d")) >= 2
  - id: loyal-pro
    rule: segment("loyal") and traits.plan == "pro"
`)}
	set, err := rules.Load(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, id := range set.IDs() {
		fmt.Println(id)
	}

	// Output:
	// loyal
	// loyal-pro
}

// All mistakes of all files come at once, each with its place and a hint.
func ExampleLoad_mistakes() {
	file := rules.Source{Name: "shop.yaml", Data: []byte(`
segments:
  - id: pro
    rule: traits.plan = "pro"
  - id: loyal
    rule: cuont(events("Order Completed", "30d")) >= 2
`)}
	_, err := rules.Load(file)
	fmt.Println(err)

	// Output:
	// shop.yaml:4:23: segment pro: unexpected =
	//         rule: traits.plan = "pro"
	//                           ^
	//     hint: equality is written ==
	//
	// shop.yaml:6:11: segment loyal: unknown function cuont
	//         rule: cuont(events("Order Completed", "30d")) >= 2
	//               ^
	//     hint: did you mean count?
}
