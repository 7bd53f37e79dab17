package publication

import (
	"context"
	"fmt"

	"muster/directive"
	"muster/history"
	"muster/history/files"
)

// close closes the seams behind all patches.
func (p *Publication) close(ctx context.Context) error {
	if p.state.Closing == 0 {
		if err := p.checkSeams(ctx); err != nil {
			return err
		}
		p.state.Closing = p.target.Clock.Now().UnixMilli()
		if err := p.save(); err != nil {
			return err
		}
	}
	d := directive.Directive{Kind: directive.Close, Run: p.state.Run, Since: p.state.Whole}
	if err := p.target.Guide.Direct(ctx, []directive.Directive{d}); err != nil {
		return err
	}
	return p.awaitClosed(ctx)
}

// end notes that all is done, and makes the report.
func (p *Publication) end(ctx context.Context, of *history.Report) (*Report, error) {
	dead, err := p.target.Log.Dead(ctx)
	if err != nil {
		return nil, fmt.Errorf("counting dead letters: %w", err)
	}
	p.state.Ended = p.target.Clock.Now().UnixMilli()
	report := p.report(of, dead-p.state.Dead)
	if err := p.source.Config.WriteNote(p.id, reportFile, report, files.Replace); err != nil {
		return nil, err
	}
	return report, p.save()
}
