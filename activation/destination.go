package activation

import (
	"net/netip"
	"time"

	"muster/credentials"
)

// Destination is a system that membership changes are sent to.
type Destination struct {
	// Name is the destination's own, [a-z0-9-] and at most 64 long.
	Name string
	// Segments are the segments whose changes are sent: ids, patterns as of
	// path.Match ("vip-*"), or "all".
	Segments []string
	// Format is the name of the format of the body, see Formats. In Kafka it is
	// that of a record's value, always DefaultFormat.
	Format string
	// Template is what the format template makes the body with, see
	// TemplateFormat; "" for other formats.
	Template string
	// Batch is how many changes one message may carry, at most MaxBatch. Where
	// the format can only tell of one change it is 1.
	Batch int
	// BatchAge is how long changes wait for more when they are fewer than Batch,
	// from when an evaluator first sees them; 0 to send what there is. At most
	// MaxBatchAge.
	BatchAge time.Duration
	// Concurrency is how many messages of one shard may be on their way at
	// once; 1 in Kafka.
	Concurrency int
	// Rate is how many messages a second each evaluator may send; 0 for any number.
	Rate float64
	// Coalesce has an entry and an exit that were not sent yet cancel out, and
	// leaves out of the other changes of a profile and segment all but the
	// newest.
	Coalesce bool
	// Initial has the destination begin with a snapshot run, see Members, and go
	// on with changes. Otherwise it is only sent what changes.
	Initial bool
	// Traits are the paths of traits that are sent along with a profile, as rules
	// write them behind "traits.": email, address.city, ["first name"]. None by
	// default; at most 32, none of them within another.
	Traits []string
	// Webhook says where to, where Kafka is nil.
	Webhook Webhook
	// Kafka says where to, nil for a destination by HTTP.
	Kafka *Kafka

	places []place // where each entry of Segments stands in its file
	choice *choice // what Segments choose; nil when it was not read from a file
	format Format  // what Format names; zero when it was not read from a file
}

// Webhook is where and how messages are sent by HTTP.
type Webhook struct {
	// URL is http or https, without a user and a fragment.
	URL string
	// Secrets sign each message, the first one that a receiver knows suffices:
	// two while they are changed. Each is a Standard Webhooks secret,
	// "whsec_" and base64 of 24 to 64 bytes. At least one.
	Secrets []credentials.Secret
	// Headers are sent with each message beside those of Standard Webhooks. A
	// value may be a key, so none is ever printed.
	Headers map[string]credentials.Secret
	// Timeout bounds one attempt from dialling to the end of the answer.
	Timeout time.Duration
	// CAFile has the authorities that are trusted in place of the system's, "" for those.
	CAFile string
	// AllowNetworks are the private and loopback networks that the address may be in.
	AllowNetworks []netip.Prefix
}

// MaxBatchAge bounds how long changes wait for more.
const MaxBatchAge = time.Minute

// MaxBatch bounds how many changes a message may carry.
const MaxBatch = 1000
