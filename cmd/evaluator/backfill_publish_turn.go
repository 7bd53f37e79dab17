package main

import (
	"context"

	"muster/history"
	"muster/history/account"
	"muster/history/projection"
	"muster/history/publication"
	"muster/history/queue"
	"muster/service"
)

// publishInTurn brings history when its turn comes.
func (cmd *backfillStart) publishInTurn(ctx context.Context, c console, p *publication.Publication) (report *publication.Report, err error) {
	asked, err := cmd.askedToPublish(p)
	if err != nil {
		return nil, err
	}
	err = cmd.conduct(ctx, c, asked, conducted{
		work: cmd.Work, files: p.Files(),
		look: func() queue.Figures {
			return queue.Figures{Stages: publishedStages(p.Progress()), Account: p.Account()}
		},
		do: func(ctx context.Context, along []projection.Projection, earlier account.Account, deaths int) (err error) {
			p.Sharing(along, earlier)
			p.Died(deaths)
			report, err = p.Run(ctx)
			return err
		},
	})
	return report, err
}

// askedToPublish describes a publication for its work directory.
func (cmd *backfillStart) askedToPublish(p *publication.Publication) (queue.Asked, error) {
	a, err := cmd.asked(p.Request())
	a.ID, a.AsOf = p.ID(), ofSeams
	return a, err
}

// publishedStages is how far a publication is, as its work directory keeps it.
// While it opens seams and settles it reads nothing that others could wait for.
func publishedStages(p publication.Progress) []queue.Stage {
	var list []queue.Stage
	for s := publication.StageOpen; s <= p.Stage; s++ {
		switch s {
		case publication.StageRead:
			of := p.History
			if p.Stage > publication.StageRead {
				of.Stage = max(of.Stage, history.StageEvaluate)
			}
			list = append(list, service.StagesOf(of)...)
		case publication.StageSend:
			list = append(list, queue.Stage{Name: s.String(), Done: p.Sent, All: p.All, Unit: "patches"})
		case publication.StageOpen, publication.StageSettle, publication.StageClose:
			list = append(list, queue.Stage{Name: s.String()})
		}
	}
	return list
}
