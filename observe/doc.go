// Package observe lets people and programs watch Muster: zap logs,
// Prometheus metrics and health checks, fed by the Observers of pipeline,
// stream and sink.
//
// It promises that watching never blocks the work: every callback only
// counts, sets a gauge, or hands a line to a sampled logger.
//
// The trap: metrics carry the shard as a label, never a segment or a profile.
// Thousands of segments would make thousands of series of every metric.
package observe
