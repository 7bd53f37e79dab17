package event

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// clipAt is how many bytes of a bad value or key a reason quotes.
const clipAt = 64

// fieldError says what is wrong with a field. Its text becomes the Reason of
// a Rejection.
type fieldError struct {
	path    string // as in properties.items[3].price; "record" or "item" for the whole
	problem string
}

func (e *fieldError) Error() string { return e.path + ": " + e.problem }

func reject(path, format string, args ...any) error {
	return &fieldError{path: path, problem: fmt.Sprintf(format, args...)}
}

// also adds to what is wrong with a field why nothing else makes up for it.
func also(err error, more string) error {
	var e *fieldError
	if errors.As(err, &e) {
		e.problem += ", and " + more
	}
	return err
}

// under puts a step in front of the path of a fieldError.
func under(step string, err error) error {
	var e *fieldError
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.path == "":
		e.path = step
	case strings.HasPrefix(e.path, "["):
		e.path = step + e.path
	default:
		e.path = step + "." + e.path
	}
	return e
}

// clip cuts a text for quoting in a reason, between two characters.
func clip(text string) string {
	if len(text) <= clipAt {
		return text
	}
	end := clipAt
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}

// show describes a JSON value in a reason: scalars by their text.
func show(v *fastjson.Value) string {
	switch v.Type() {
	case fastjson.TypeObject:
		return "an object"
	case fastjson.TypeArray:
		return "an array"
	case fastjson.TypeString:
		return fmt.Sprintf("%q", clip(string(v.GetStringBytes())))
	}
	return clip(string(v.MarshalTo(nil)))
}
