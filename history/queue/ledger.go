package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"muster/history/account"
)

// charge is what an attempt has cost, as a line of the ledger. Lines are only
// ever added.
type charge struct {
	Attempt int             `json:"attempt"`
	Ended   time.Time       `json:"ended"` // when it last wrote
	Account account.Account `json:"account"`
}

// charge adds an attempt to the ledger of a request, unless it is there. Of one
// that was killed, what it did after its last beat is missing.
func (q *Queue) charge(id string, s *State) error {
	if s.Account.Attempts == 0 { // its turn never came
		return nil
	}
	path := q.path(id, "ledger.ndjson")
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, one := range charges(text) {
		if one.Attempt == s.Attempt {
			return nil
		}
	}
	added, err := json.Marshal(charge{s.Attempt, s.Beat, s.Account})
	if err != nil {
		return err
	}
	if len(text) > 0 && text[len(text)-1] != '\n' { // whoever wrote it was killed
		added = append([]byte{'\n'}, added...)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(append(added, '\n'))
	return errors.Join(err, file.Close())
}

// charges returns the lines of a ledger that are whole.
func charges(text []byte) []charge {
	var list []charge
	for line := range bytes.Lines(text) {
		var one charge
		if json.Unmarshal(line, &one) == nil {
			list = append(list, one)
		}
	}
	return list
}

// Earlier returns what earlier attempts of the request have cost.
func (h *Hold) Earlier() (account.Account, error) {
	var sum account.Account
	text, err := os.ReadFile(h.path("ledger.ndjson"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return sum, fmt.Errorf("reading the ledger of request %s: %w", h.asked.ID, err)
	}
	for _, one := range charges(text) {
		sum = sum.Add(one.Account)
	}
	return sum, nil
}
