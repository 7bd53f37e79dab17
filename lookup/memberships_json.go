package lookup

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// AppendJSON appends the memberships as encoding/json writes them where it does
// not escape what only HTML needs escaped, byte for byte. Hundreds of ids take it
// a fraction of the time.
func (m *Memberships) AppendJSON(b []byte) []byte {
	b = appendText(append(b, `{"profile":`...), m.Profile)
	b = appendText(append(b, `,"at":`...), m.At.String())
	b = strconv.AppendUint(append(b, `,"version":`...), m.Version, 10)
	b = appendTexts(append(b, `,"segments":`...), m.Segments)
	b = strconv.AppendBool(append(b, `,"outdated":`...), m.Outdated)
	return append(b, '}')
}

func appendTexts(b []byte, texts []string) []byte {
	if texts == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i, text := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, text)
	}
	return append(b, ']')
}

// appendText appends a text in quotes. All but plain ASCII is left to
// encoding/json.
func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			var quoted bytes.Buffer
			encoder := json.NewEncoder(&quoted)
			encoder.SetEscapeHTML(false)
			_ = encoder.Encode(text) // a text always can be
			return append(b, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
		}
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}
