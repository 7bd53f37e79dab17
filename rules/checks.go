package rules

import (
	"strings"
	"sync"

	"muster/rules/internal/language"
)

// What Checks keep is bounded in bytes, by a reckoning of what a rule takes.
const (
	mostKept     = 64 << 20
	bytesOfPart  = 100 // of a term with its arguments, beside its text
	bytesOfBytes = 12  // of a byte of text: 4 of a list of texts can be one more
)

// Checks know rules that have been checked, by their texts: a rule set of which
// most rules were in one before is checked at the price of the others. A rule
// with a mistake is not kept. Rules may take 64 MB, some 25,000 of 100 bytes.
// At this bound those are forgotten that the last two rule sets have not had,
// and what does not fit then is checked each time. A nil one keeps nothing. It
// is safe for concurrent use.
type Checks struct {
	most int

	mu        sync.Mutex
	known     map[string]*keptRule
	bytes     int    // of what is known
	sets      uint64 // rule sets that were begun
	forgotten uint64 // the one at which some were forgotten last
}

// NewChecks returns Checks that know nothing yet.
func NewChecks() *Checks { return &Checks{most: mostKept, known: map[string]*keptRule{}} }

// checkedRule is a rule that was checked, and what compiling asks of it. It is
// never changed.
type checkedRule struct {
	language.Checked
	conditions int      // of held(...), each as often as it is used
	context    []string // see contextFields
}

// keptRule is a rule that Checks know.
type keptRule struct {
	checkedRule
	bytes int
	asked uint64 // the last rule set that had it
}

// checkRule checks the text of a rule.
func checkRule(text string) (checkedRule, []language.Mistake) {
	checked, mistakes := language.Check(text)
	one := checkedRule{Checked: checked, context: contextOf(text, checked.Term)}
	if usesHeld(text, checked.Term) {
		one.conditions = countHeld(checked.Term)
	}
	return one, mistakes
}

// begin says that another rule set is about to be checked.
func (c *Checks) begin() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sets++
}

// check is checkRule for a rule that is not known, and remembers it.
func (c *Checks) check(text string) (checkedRule, []language.Mistake) {
	if c == nil {
		return checkRule(text)
	}
	if one, known := c.find(text); known {
		return one, nil
	}
	text = strings.Clone(text) // it may be a piece of a large one
	one, mistakes := checkRule(text)
	if len(mistakes) == 0 {
		c.keep(text, one)
	}
	return one, mistakes
}

func (c *Checks) find(text string) (checkedRule, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one, known := c.known[text]
	if !known {
		return checkedRule{}, false
	}
	one.asked = c.sets
	return one.checkedRule, true
}

// keep remembers a rule, if there is room for it.
func (c *Checks) keep(text string, one checkedRule) {
	c.mu.Lock()
	defer c.mu.Unlock()
	bytes := one.Parts*bytesOfPart + len(text)*bytesOfBytes
	if c.bytes+bytes > c.most {
		c.forget()
	}
	if _, known := c.known[text]; known || c.bytes+bytes > c.most {
		return
	}
	c.known[text] = &keptRule{checkedRule: one, bytes: bytes, asked: c.sets}
	c.bytes += bytes
}

// forget drops what neither the rule set at hand nor the one before has asked
// for, once for each rule set.
func (c *Checks) forget() {
	if c.forgotten == c.sets {
		return
	}
	c.forgotten = c.sets
	for text, one := range c.known {
		if one.asked+1 < c.sets {
			c.bytes -= one.bytes
			delete(c.known, text)
		}
	}
}
