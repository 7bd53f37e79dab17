package history

import (
	"encoding/json"
	"fmt"
	"io"
)

// Bounds on the dead letters of one object: what comes behind is counted, and
// a longer value is cut off.
const (
	maxLetters     = 1000
	maxLetterValue = 4 << 10 // bytes
)

// letter is how what can't be used is kept: where it stands, why, and itself.
// Bytes of the value that are not UTF-8 are written as U+FFFD.
type letter struct {
	Object string `json:"object"`
	Line   int64  `json:"line,omitempty"` // 0 for the whole object
	Reason string `json:"reason"`
	Value  string `json:"value,omitempty"`
}

// letters gathers the dead letters of an object.
type letters struct {
	object string
	kept   []letter
	count  int64
}

func (l *letters) add(line int64, reason string, value []byte) {
	if l.count++; len(l.kept) < maxLetters {
		l.kept = append(l.kept, letter{l.object, line, reason, string(value[:min(len(value), maxLetterValue)])})
	}
}

// write writes them, a line each, and how many are missing.
func (l *letters) write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for _, one := range l.kept {
		if err := encoder.Encode(one); err != nil {
			return err
		}
	}
	if more := l.count - int64(len(l.kept)); more > 0 {
		return encoder.Encode(letter{Object: l.object, Reason: fmt.Sprintf("%d further ones of this object are not kept", more)})
	}
	return nil
}
