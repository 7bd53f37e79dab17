package activation

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"muster/spelling"
)

// text reads a text, "" after a mistake.
func (r *reading) text(n ast.Node, what string) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return strings.TrimSuffix(n.Value.Value, "\n")
	case *ast.NullNode:
		r.wrong(n, "write it behind the colon, or take the key out", "%s has no value", what)
		return ""
	}
	r.wrong(n, plainHint(n, "put quotes around it"), "%s must be a text", what)
	return ""
}

// whole reads a whole number within bounds.
func (r *reading) whole(n ast.Node, what string, least, most int) int {
	number, ok := n.(*ast.IntegerNode)
	if !ok {
		r.wrong(n, plainHint(n, "write it as 4, without quotes"), "%s must be a whole number from %d to %d", what, least, most)
		return least
	}
	text := number.GetToken().Value
	value, err := strconv.Atoi(text)
	switch {
	case err == nil && strconv.Itoa(value) != text: // YAML takes 010 for 8
		r.wrong(n, "", "%s is %s; write it in base 10, without a zero before it", what, text)
	case err != nil || value < least || value > most:
		r.wrong(n, "", "%s is %s; it must be a whole number from %d to %d", what, text, least, most)
	default:
		return value
	}
	return least
}

// truth reads true or false.
func (r *reading) truth(n ast.Node, what string) bool {
	if b, ok := n.(*ast.BoolNode); ok {
		return b.Value
	}
	r.wrong(n, plainHint(n, "write true or false, without quotes"), "%s must be true or false", what)
	return false
}

// minRate and maxRate bound a rate that is not 0, in messages a second.
const (
	minRate = 0.01
	maxRate = 100_000
)

func (r *reading) rate(n ast.Node) float64 {
	token := n.GetToken().Value
	switch n.(type) {
	case *ast.IntegerNode:
		if len(token) > 1 && token[0] == '0' { // YAML takes 010 for 8
			r.wrong(n, "", "rate is %s; write it in base 10, without a zero before it", token)
			return 0
		}
	case *ast.FloatNode:
	default:
		r.wrong(n, plainHint(n, "write messages a second, as 50 or 0.5, without a unit and quotes"), "rate must be a number")
		return 0
	}
	value, err := strconv.ParseFloat(token, 64)
	if err != nil || math.IsNaN(value) || value != 0 && (value < minRate || value > maxRate) {
		r.wrong(n, "write messages a second, 0 for any number", "rate is %s; it must be 0, or from %v to %d", token, minRate, maxRate)
		return 0
	}
	return value
}

// duration reads a duration within bounds.
func (r *reading) duration(n ast.Node, what string, least, most time.Duration) time.Duration {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		text := n.GetToken().Value
		r.wrong(n, "write "+text+"s for seconds, "+text+"ms for milliseconds", "%s: %s has no unit", what, text)
		return least
	case *ast.StringNode:
		value, err := time.ParseDuration(n.Value)
		switch {
		case err != nil:
			r.wrong(n, "write one as 250ms, 5s or 1m30s", "%s: %q is no duration", what, n.Value)
		case value < least || value > most:
			r.wrong(n, "", "%s is %s; it must be between %s and %s", what, n.Value, brief(least), brief(most))
		default:
			return value
		}
		return least
	}
	r.wrong(n, plainHint(n, "write one as 250ms, 5s or 1m30s"), "%s must be a duration", what)
	return least
}

// brief spells a duration without seconds that are 0.
func brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		return strings.TrimSuffix(text, "0s")
	}
	return text
}

// network reads a network, as 10.0.0.0/8.
func (r *reading) network(n ast.Node) (netip.Prefix, bool) {
	text := r.text(n, "a network of allow_networks")
	if text == "" {
		return netip.Prefix{}, false
	}
	network, err := netip.ParsePrefix(text)
	switch address, single := netip.ParseAddr(text); {
	case err == nil && network != network.Masked():
		r.wrong(n, "write "+network.Masked().String(), "allow_networks: %s has bits behind its length", text)
	case err == nil:
		return network, true
	case single == nil && address.Zone() == "":
		r.wrong(n, "write "+text+"/"+strconv.Itoa(address.BitLen())+" for the address alone", "allow_networks: %s is an address, not a network", text)
	default:
		r.wrong(n, "write one as 10.0.0.0/8 or fd00::/8", "allow_networks: %q is no network", text)
	}
	return netip.Prefix{}, false
}

// format reads the name of a format.
func (r *reading) format(n ast.Node) string {
	name := r.text(n, "format")
	if name == "" || slices.Contains(Formats(), name) {
		return name
	}
	hint := "the formats are " + strings.Join(Formats(), ", ")
	if near := spelling.Near(name, Formats(), 1); len(near) > 0 {
		hint = "did you mean " + near[0] + "?"
	}
	r.wrong(n, hint, "there is no format %q", name)
	return ""
}

// isName reports whether a text can be the name of a destination, or the id
// of a segment.
func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
