package faults

import "muster/test/e2e/stack"

// take removes an evaluator from those at work; nil when there is none.
func (r *run) take(pick int) *stack.Evaluator {
	if len(r.working) == 0 {
		return nil
	}
	i := pick % len(r.working)
	e := r.working[i]
	r.working = append(r.working[:i:i], r.working[i+1:]...)
	return e
}

func (r *run) join() { r.working = append(r.working, r.system.Run()) }

func killEvaluator(r *run, f *fault) bool {
	e := r.take(f.pick)
	if e == nil {
		return false
	}
	e.Kill()
	r.later(f.lasts, r.join)
	return true
}

// restartEvaluator kills one, and starts it again under the same instance name
// before anybody has missed it.
func restartEvaluator(r *run, f *fault) bool {
	e := r.take(f.pick)
	if e == nil {
		return false
	}
	e.Kill()
	r.later(f.lasts, func() {
		e.Again()
		r.working = append(r.working, e)
	})
	return true
}

func letEvaluatorLeave(r *run, f *fault) bool {
	e := r.take(f.pick)
	if e == nil {
		return false
	}
	r.leave(e)
	r.later(f.lasts, r.join)
	return true
}

// leave asks an evaluator to go. That it does is looked at later: it may take
// a while when Kafka and Redis are away.
func (r *run) leave(e *stack.Evaluator) {
	e.Leave()
	r.leaving = append(r.leaving, e)
}

// freezeEvaluator makes one a zombie: others have its partitions by the time
// it goes on.
func freezeEvaluator(r *run, f *fault) bool {
	e := r.take(f.pick)
	if e == nil {
		return false
	}
	e.Freeze()
	r.later(f.lasts, func() {
		e.Thaw()
		r.working = append(r.working, e)
	})
	return true
}

// joinEvaluator adds one for a while; any of those there leaves afterwards.
// Where there are enough it is the other way round.
func joinEvaluator(r *run, f *fault) bool {
	if len(r.working) >= mostEvaluators {
		return letEvaluatorLeave(r, f)
	}
	r.join()
	r.later(f.lasts, func() {
		if e := r.take(f.pick); e != nil {
			r.leave(e)
		}
	})
	return true
}
