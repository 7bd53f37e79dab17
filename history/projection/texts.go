package projection

import "strings"

// MaxTexts bounds a list of texts that bodies refer to by number. A further
// one is written out where it stands.
const MaxTexts = 4096

// texts numbers texts in the order in which they first come.
type texts struct {
	list  []string
	index map[string]int
}

func newTexts() texts { return texts{index: map[string]int{}} }

// number returns a text's number, false when there is no room for it.
func (t *texts) number(text string) (int, bool) {
	if n, known := t.index[text]; known {
		return n, true
	}
	if len(t.list) >= MaxTexts {
		return 0, false
	}
	text = strings.Clone(text)
	t.index[text] = len(t.list)
	t.list = append(t.list, text)
	return len(t.list) - 1, true
}
