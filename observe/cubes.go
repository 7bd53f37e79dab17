package observe

import (
	"go.uber.org/zap"

	"muster/sink"
)

// CubesWaiting tells how many batches of a shard were counted for cubes and are
// not folded in yet.
func (w *Watch) CubesWaiting(shard, parts int) {
	w.metrics.cubeWaiting.WithLabelValues(shardLabel(shard)).Set(float64(parts))
}

// CubesFolded tells what was folded in.
func (w *Watch) CubesFolded(shard int, f sink.CubesFolded) {
	if f.Parts == 0 && f.More {
		return // somebody else has folded, and nobody knows what is left
	}
	w.CubesWaiting(shard, f.Waiting)
	if f.Parts == 0 {
		return
	}
	label := shardLabel(shard)
	w.metrics.cubeCells.WithLabelValues(label).Set(float64(f.Fullest))
	w.metrics.cubeBytes.WithLabelValues(label).Add(float64(f.Bytes))
	w.metrics.cubeFolded.WithLabelValues(label).Add(float64(f.Cells))
	if f.Cells > 0 {
		w.log.Warn("cubes have more cells than cubes.cells, and the rarest were folded into (other)",
			zap.Int("shard", shard), zap.Int("cells", f.Cells))
	}
}

// CubesGone tells that another process counts for a shard from now on, or none.
func (w *Watch) CubesGone(shard int) {
	w.metrics.cubeWaiting.DeleteLabelValues(shardLabel(shard))
	w.metrics.cubeCells.DeleteLabelValues(shardLabel(shard))
}
