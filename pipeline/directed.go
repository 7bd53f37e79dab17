package pipeline

import (
	"fmt"

	"muster/directive"
)

// owned returns the directives of a parcel that are this shard's. A patch of a
// profile that belongs to another partition goes to the dead letters.
func (t *tenure) owned(p *parcel) []Directed {
	if len(p.directives) == 0 {
		return nil
	}
	own := p.directives[:0:0]
	for _, one := range p.directives {
		d := &one.Directive
		if d.Kind == directive.Patch && t.worker.Owner(d.Profile) != t.origin.partition {
			p.letters = append(p.letters, t.origin.letter(one.record, fmt.Sprintf(
				"a patch of profile %q, which belongs to partition %d, not %d", d.Profile, t.worker.Owner(d.Profile), t.origin.partition), one.record.Value))
			continue
		}
		own = append(own, one)
	}
	return own
}

// directed is told what became of a directive.
func (t *tenure) directed(i int, refusal string) {
	if refusal == "" {
		t.stats.Directives++
		if t.feed.Directives[i].Directive.Kind == directive.Patch && t.driver.shard.changed.Relieved {
			t.stats.Relieved++
		}
		return
	}
	r := t.feed.Directives[i].record
	t.parcel.letters = append(t.parcel.letters, t.origin.letter(r, refusal, r.Value))
}
