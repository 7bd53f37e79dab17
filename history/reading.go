package history

import "muster/history/projection"

// Reading is the same for requests that read the same objects and make the
// same events of their records. One reading can serve all of them.
func (r *Request) Reading() string {
	return digest("reading", r.decoding(), r.Bucket.String(), r.Prefix, r.Layout.String(), day(r.From), day(r.To))[:16]
}

// Keeps is what has to be kept of events for this request.
func (r *Request) Keeps() projection.Projection { return projection.Of(r.Set.Reads(), !r.ReadIDs) }

// Request returns what is being done.
func (b *Backfill) Request() *Request { return b.request }

// ReadAlong has what others need kept too, of all objects that are read from
// now on, so that they find it. Call it before Run.
func (b *Backfill) ReadAlong(others ...projection.Projection) { b.along = others }
