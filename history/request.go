package history

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"muster/event"
	"muster/history/archive"
	"muster/history/projection"
	"muster/history/sorted"
	"muster/pipeline"
	"muster/rules"
)

// OnError says what becomes of objects that can't be read.
type OnError string

// The ways to go on.
const (
	// Fail ends the backfill at the first such object, and names it.
	Fail OnError = "fail"
	// Skip uses what of it can be read, and names it among the dead letters.
	Skip OnError = "skip"
)

// Request is what a backfill is asked for. Equal ones, of equal archives, give
// equal bytes.
type Request struct {
	// Archive is what Bucket, Prefix and Layout were made of, for other machines
	// to make them too.
	Archive archive.Config
	Bucket  archive.Bucket
	// Prefix is where the archive begins in the bucket, "" or with a / at its end.
	Prefix string
	Layout archive.Layout
	// From and To bound the days of objects whose names tell one: those before
	// From's day and after To's are left out. Zero for no bound.
	From, To time.Time
	// AsOf is the instant up to which is replayed, ms since 1970 UTC. What
	// arrived later takes no part.
	AsOf int64
	Set  *rules.Set
	// Limits bound events and profiles, as those of the service do.
	Limits pipeline.Config
	// ReadIDs keeps messageIds only of events that rules read. It spares some
	// ten bytes for each other event. A repeat that has another name than the
	// first event with its messageId, which no honest client sends, is then
	// not recognised.
	ReadIDs bool
	OnError OnError
	// Members is the format of the files of members; "" for NDJSON.
	Members MemberFormat
	// Name takes the place of the digest that names the request, for who asks
	// for the same over and over, as of another instant each time; "" for none.
	Name string
}

// Validate returns what is wrong with a request, joined.
func (r *Request) Validate() error {
	var problems []error
	if r.Bucket == nil || r.Set == nil {
		problems = append(problems, errors.New("a request needs an archive and segments"))
	}
	if r.AsOf <= 0 {
		problems = append(problems, errors.New("as-of is not after 1970"))
	}
	if !r.From.IsZero() && !r.To.IsZero() && r.To.Before(r.From) {
		problems = append(problems, fmt.Errorf("from is %s, which is after to, %s", r.From.Format(time.DateOnly), r.To.Format(time.DateOnly)))
	}
	if r.OnError != Fail && r.OnError != Skip {
		problems = append(problems, fmt.Errorf("on-error is %q; it is %s or %s", r.OnError, Fail, Skip))
	}
	if r.Members != "" && r.Members != NDJSON && r.Members != Parquet {
		problems = append(problems, fmt.Errorf("the format of members is %q; it is %s or %s", r.Members, NDJSON, Parquet))
	}
	return errors.Join(append(problems, r.Limits.Validate())...)
}

// ID names the request: equal requests have the same.
func (r *Request) ID() string {
	if r.Name != "" {
		return r.Name
	}
	return digest("request", r.rules(), r.Bucket.String(), r.Prefix, r.Layout.String(), day(r.From), day(r.To), r.AsOf, r.OnError,
		cmp.Or(r.Members, NDJSON))[:16]
}

// rules is a digest of whatever decides what profiles become of the same
// events.
func (r *Request) rules() string {
	return digest("rules", sliceVersion, r.Set.Fingerprint(), r.Limits.Profiles, r.ReadIDs, r.decoding())
}

// decoding is a digest of whatever decides what events a record becomes.
func (r *Request) decoding() string { return digest("decoding", event.DecoderVersion, r.Limits.Events) }

// objectKey is a digest of an object and how it is read.
func (r *Request) objectKey(o archive.Object, f archive.Format) string {
	return digest("object", f.String(), r.decoding(), r.Bucket.String(), o.Key, o.Version)
}

// runKey is a digest of what makes a sorted run of an object.
func runKey(object string, p projection.Projection) string {
	return digest("run", sorted.Version, projection.Version, object, p.Key())
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// digest is a text for some values, as their JSON tells them apart.
func digest(values ...any) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic("a digest is of plain data: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
