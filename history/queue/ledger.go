package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"muster/history/account"
	"muster/history/files"
)

// charge is what an attempt has cost, as a line of the ledger. Lines are only
// ever added, by whoever has the request.
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
	text, err := q.ledger(id)
	if err != nil {
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
	return q.place.Write(q.path(id, ledgerFile), files.Replace, func(out io.Writer) error {
		_, err := out.Write(append(append(text, added...), '\n'))
		return err
	})
}

const ledgerFile = "ledger.ndjson"

// ledger reads the ledger of a request, "" where there is none. Its last line is
// whole, even if a process of an earlier version was killed writing it.
func (q *Queue) ledger(id string) (text []byte, err error) {
	text, err = q.place.Read(q.path(id, ledgerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the ledger of request %s: %w", id, err)
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	return text, nil
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
	text, err := h.queue.ledger(h.asked.ID)
	if err != nil {
		return sum, err
	}
	for _, one := range charges(text) {
		sum = sum.Add(one.Account)
	}
	return sum, nil
}
