package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const (
	// maxTokens bounds the tokens of a deployment: a request is compared with
	// each of them.
	maxTokens = 1000
	// tokenBytes are random, so that nobody guesses one.
	tokenBytes = 32
	// tokenPrefix lets people, and programs that look for secrets in files,
	// see what a token is.
	tokenPrefix = "muster_"
	hashPrefix  = "sha256:"
)

var tokenName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Token is what is kept of a token.
type Token struct {
	// Name says whose it is, in logs. No two tokens have the same.
	Name   string
	Scopes []Scope
	Hash   [sha256.Size]byte
}

// Allows reports whether the token has a scope.
func (t *Token) Allows(scope Scope) bool { return slices.Contains(t.Scopes, scope) }

// Line is the token's line in a file of tokens.
func (t *Token) Line() string {
	words := make([]string, len(t.Scopes))
	for i, scope := range t.Scopes {
		words[i] = string(scope)
	}
	return t.Name + " " + strings.Join(words, ",") + " " + hashPrefix + hex.EncodeToString(t.Hash[:])
}

// Create makes a new token. The secret is returned here and never again.
func Create(name string, scopes []Scope) (secret string, token Token, err error) {
	if !tokenName.MatchString(name) {
		return "", Token{}, fmt.Errorf("%q is no name of a token: it has 1 to 64 letters, digits, dots, dashes and underscores, "+
			"and begins with a letter or digit", name)
	}
	if len(scopes) == 0 {
		return "", Token{}, errors.New("a token needs a scope; there are read, write, ingest and admin")
	}
	random := make([]byte, tokenBytes)
	_, _ = rand.Read(random) // it never fails: it ends the process instead
	secret = tokenPrefix + base64.RawURLEncoding.EncodeToString(random)
	return secret, Token{name, scopes, sha256.Sum256([]byte(secret))}, nil
}

// Parse reads a file of tokens: a line for each, with name, scopes and hash,
// as Line writes it. Empty lines, and those that begin with #, say nothing.
// An error has a line for every mistake.
func Parse(text string) ([]Token, error) {
	var tokens []Token
	var problems []error
	seen := map[string]int{} // names and hashes, with the line they stand in
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		token, err := parseLine(line)
		if err == nil {
			err = unique(seen, number, token)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("line %d: %w", number, err))
			continue
		}
		tokens = append(tokens, token)
	}
	if len(tokens) > maxTokens {
		problems = append(problems, fmt.Errorf("there are %d tokens; there may be %d", len(tokens), maxTokens))
	}
	return tokens, errors.Join(problems...)
}

func parseLine(line string) (Token, error) {
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return Token{}, errors.New("it is not name, scopes and hash, as `shop read,write sha256:...`; evaluator token create prints such a line")
	}
	if !tokenName.MatchString(fields[0]) {
		return Token{}, fmt.Errorf("%q is no name: it has 1 to 64 letters, digits, dots, dashes and underscores", fields[0])
	}
	scopes, err := ParseScopes(fields[1])
	if err != nil {
		return Token{}, err
	}
	digits, found := strings.CutPrefix(fields[2], hashPrefix)
	hash, err := hex.DecodeString(digits)
	if !found || err != nil || len(hash) != sha256.Size {
		// The text is not shown: it may be the token itself.
		return Token{}, errors.New("the third word is not sha256: and 64 hexadecimal digits; put the hash there and not the token")
	}
	return Token{fields[0], scopes, [sha256.Size]byte(hash)}, nil
}

func unique(seen map[string]int, number int, token Token) error {
	hash := hex.EncodeToString(token.Hash[:])
	if before, there := seen["name "+token.Name]; there {
		return fmt.Errorf("line %d has the name %s already", before, token.Name)
	}
	if before, there := seen[hash]; there {
		return fmt.Errorf("line %d has the same token already", before)
	}
	seen["name "+token.Name], seen[hash] = number, number
	return nil
}
