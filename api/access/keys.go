package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	// maxFile bounds a file of tokens, in bytes. A line has about 100.
	maxFile = 1 << 20
	// lookEvery is how often the file is read again while requests come.
	lookEvery = time.Second
)

// Limit is how often the holder of one token may ask.
type Limit struct {
	Rate  float64 // requests in a second, in the long run
	Burst int     // requests at once
}

// Options say where tokens are, and what holds for each.
type Options struct {
	// Text has lines as Parse reads them, and so has File, a path, or "".
	Text, File string
	Limit      Limit
	// Changed is told when the file has other tokens, and how many there are
	// now, or why the tokens before stay in force. Of the same mistake it is
	// told once. Default nil: nobody is.
	Changed func(tokens int, err error)
}

// Keys are the tokens that are good now. They are safe for concurrent use.
type Keys struct {
	options Options
	current atomic.Pointer[[]*Holder]

	looking sync.Mutex // held by the one who reads the file
	looked  atomic.Int64
	text    string // of the file, as it was read last
	problem string // what Changed was told last
}

// Holder is who has a token, and how much of its limit is left.
type Holder struct {
	Token
	limiter *rate.Limiter
}

// Take takes one request from what the holder may ask. Where nothing is left
// it returns false, and when there will be.
func (h *Holder) Take(now time.Time) (wait time.Duration, ok bool) {
	taken := h.limiter.ReserveN(now, 1)
	if !taken.OK() {
		return time.Second, false // a burst of 0
	}
	if wait = taken.DelayFrom(now); wait > 0 {
		taken.CancelAt(now)
		return wait, false
	}
	return 0, true
}

// NewKeys reads the tokens. Its errors name the file and the line.
func NewKeys(options Options) (*Keys, error) {
	k := &Keys{options: options}
	text, err := k.read()
	if err != nil {
		return nil, err
	}
	if err := k.take(text); err != nil {
		return nil, err
	}
	k.looked.Store(time.Now().UnixNano())
	return k, nil
}

// Anonymous returns a holder of all scopes, for who needs no token.
func Anonymous(limit Limit) *Holder {
	return &Holder{Token{Name: "anonymous", Scopes: Scopes()}, newLimiter(limit)}
}

// Find returns the holder of a token, nil if it is nobody's.
//
// It compares with every token and does not stop at the right one, so that the
// time tells neither how much of a hash was right nor whose it is.
func (k *Keys) Find(key string) *Holder {
	k.look(time.Now())
	hash := sha256.Sum256([]byte(key))
	var found *Holder
	for _, holder := range *k.current.Load() {
		if subtle.ConstantTimeCompare(hash[:], holder.Hash[:]) == 1 {
			found = holder
		}
	}
	return found
}

// Allows reports whether a token is good and has a scope.
func (k *Keys) Allows(key string, scope Scope) bool {
	holder := k.Find(key)
	return holder != nil && holder.Allows(scope)
}

// Len returns how many tokens are good.
func (k *Keys) Len() int { return len(*k.current.Load()) }

// look reads the file again if that was not done lately. Only one request
// does, and the others go on with the tokens before.
func (k *Keys) look(now time.Time) {
	if k.options.File == "" || now.UnixNano()-k.looked.Load() < int64(lookEvery) || !k.looking.TryLock() {
		return
	}
	defer k.looking.Unlock()
	k.looked.Store(now.UnixNano())
	text, err := k.read()
	if err == nil && text != k.text {
		if err = k.take(text); err == nil {
			k.problem = ""
			k.tell(nil)
			return
		}
	}
	switch {
	case err == nil:
		k.problem = ""
	case err.Error() != k.problem:
		k.problem = err.Error()
		k.tell(err)
	}
}

func (k *Keys) tell(err error) {
	if k.options.Changed != nil {
		k.options.Changed(k.Len(), err)
	}
}

func (k *Keys) read() (string, error) {
	if k.options.File == "" {
		return "", nil
	}
	file, err := os.Open(k.options.File)
	if err != nil {
		return "", fmt.Errorf("reading tokens: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return "", fmt.Errorf("reading tokens: %w", err)
	}
	if len(data) > maxFile {
		return "", fmt.Errorf("reading tokens: %s has more than %d bytes", k.options.File, maxFile)
	}
	return string(data), nil
}

// take puts the tokens of a file's text in force, with those of the setting.
func (k *Keys) take(text string) error {
	fixed, err := Parse(k.options.Text)
	if err != nil {
		return fmt.Errorf("reading tokens: %w", err)
	}
	tokens, err := Parse(text)
	if err != nil {
		return fmt.Errorf("reading tokens of %s: %w", k.options.File, err)
	}
	tokens = append(fixed, tokens...)
	if err := together(tokens); err != nil {
		return fmt.Errorf("reading tokens: %w", err)
	}
	k.current.Store(k.holders(tokens))
	k.text = text
	return nil
}

// together refuses tokens of the setting and of the file that are each good
// and can't stand beside each other.
func together(tokens []Token) error {
	if len(tokens) == 0 {
		return errors.New("there are none; make one with evaluator token create")
	}
	if len(tokens) > maxTokens {
		return fmt.Errorf("there are %d; there may be %d", len(tokens), maxTokens)
	}
	names := map[string]bool{}
	for i := range tokens {
		if names[tokens[i].Name] {
			return fmt.Errorf("the name %s stands in the setting and in the file", tokens[i].Name)
		}
		names[tokens[i].Name] = true
	}
	return nil
}

// holders gives each token its limit. Who had the token before has as much of
// it left as before.
func (k *Keys) holders(tokens []Token) *[]*Holder {
	before := map[[sha256.Size]byte]*rate.Limiter{}
	if old := k.current.Load(); old != nil {
		for _, holder := range *old {
			before[holder.Hash] = holder.limiter
		}
	}
	holders := make([]*Holder, len(tokens))
	for i, token := range tokens {
		limiter := before[token.Hash]
		if limiter == nil {
			limiter = newLimiter(k.options.Limit)
		}
		holders[i] = &Holder{token, limiter}
	}
	return &holders
}

func newLimiter(limit Limit) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(limit.Rate), limit.Burst)
}
