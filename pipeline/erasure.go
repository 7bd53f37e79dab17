package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// The erasures of a Shard, see docs/privacy.md. What stays of a profile that
// was erased is an entry of the stored catalog:
//
//	e:<hash>   "<until> <version> <at> <request>"
//
// where hash is of the id, until is the instant before which events of it are
// passed over, at is when it was erased (both ms since 1970 UTC of stream
// time), version is that of the profile's last change, and request is the id
// of the request that asked for it. The form has four words so that versions
// that know no erasures, which look for entries of three, pass it over.
//
// An erasure stays behind its instant: should the customer come back, the
// versions of the new profile go on from there, so that whoever goes by them
// takes the new ones for newer; and what a backfill knows of the time before
// must not come back at all.

// keptErasures is how many erasures a shard knows. Past it the one goes that
// is first not to suppress any more.
const keptErasures = 100_000

const nameErased = "e:"

// erasedID is a digest of a profile's id. It can't be turned back, but whoever
// guesses an id can tell whether it is that one.
type erasedID [16]byte

func erasedIDOf(profile string) erasedID {
	sum := sha256.Sum256([]byte(nameErased + profile))
	return erasedID(sum[:16])
}

func (id erasedID) name() string { return nameErased + hex.EncodeToString(id[:]) }

// ErasedName is the name of a profile's erasure in a stored catalog.
func ErasedName(profile string) string { return erasedIDOf(profile).name() }

// ErasureDigest is how a profile is called where it was erased and its id must
// not stand: what ErasedName has of the id.
func ErasureDigest(profile string) string { return strings.TrimPrefix(ErasedName(profile), nameErased) }

// ErasedNameOf is the ErasedName of the profile that has a digest. It reports
// whether the text can be one.
func ErasedNameOf(digest string) (name string, ok bool) {
	sum, err := hex.DecodeString(digest)
	if err != nil || len(sum) != len(erasedID{}) {
		return "", false
	}
	return erasedID(sum).name(), true
}

// IsErasedName reports whether an entry of a catalog is an erasure.
func IsErasedName(name string) bool { return strings.HasPrefix(name, nameErased) }

// erasure is what a shard knows of a profile that was erased.
type erasure struct {
	until   int64 // ms since 1970 UTC
	version uint64
	at      int64 // ms since 1970 UTC
	request string
}

func (e erasure) text() string {
	return fmt.Sprintf("%d %d %d %s", e.until, e.version, e.at, e.request)
}

// Erasure is what stays of a profile that was erased.
type Erasure struct {
	Until   int64 // ms since 1970 UTC
	At      int64 // ms since 1970 UTC
	Request string
}

// ReadErasure reads the text of an entry of a stored catalog.
func ReadErasure(text string) (Erasure, bool) {
	e, ok := readErasure(text)
	return Erasure{e.until, e.at, e.request}, ok
}

func readErasure(text string) (erasure, bool) {
	fields := strings.SplitN(text, " ", 4)
	if len(fields) != 4 {
		return erasure{}, false
	}
	until, err1 := strconv.ParseInt(fields[0], 10, 64)
	version, err2 := strconv.ParseUint(fields[1], 10, 64)
	at, err3 := strconv.ParseInt(fields[2], 10, 64)
	ok := err1 == nil && err2 == nil && err3 == nil
	return erasure{until, version, at, fields[3]}, ok
}

// readErasures returns the erasures of a stored catalog, nil for none.
func readErasures(stored map[string]string) map[erasedID]erasure {
	var all map[erasedID]erasure
	for name, text := range stored {
		digits, ok := strings.CutPrefix(name, nameErased)
		if !ok {
			continue
		}
		id, err := hex.DecodeString(digits)
		e, ok := readErasure(text)
		if err != nil || !ok || len(id) != len(erasedID{}) {
			continue
		}
		if all == nil {
			all = map[erasedID]erasure{}
		}
		all[erasedID(id)] = e
	}
	return all
}
