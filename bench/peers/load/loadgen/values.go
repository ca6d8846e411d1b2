// What the edges do: log-normal latency around a level of the edge's own, one season for all, injected latency spikes.
package main

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"sync"
	"time"
)

const (
	latencySigma    = 0.25
	seasonAmplitude = 0.3
	seasonTicks     = 360.0
	bytesARequest   = 1500
	errorShare      = 0.02
)

// spike is one window of an injected anomaly, as written to the truth file.
type spike struct {
	Source      string  `json:"src_service"`
	Destination string  `json:"dst_service"`
	Tick        int64   `json:"tick"`
	Time        int64   `json:"time_unix_nano"`
	Value       float64 `json:"value"`
	Base        float64 `json:"base"`
}

// world decides the value of every row; the same seed gives the same values.
type world struct {
	normals [1 << 16]float64
	startNs int64
	// windows of spikes to inject, at most one spike an edge, by row number since the start (tick * series + series).
	planned map[int64]bool
	mu      sync.Mutex
	done    []spike
}

func newWorld() *world {
	w := &world{planned: map[int64]bool{}}
	rng := rand.New(rand.NewPCG(*seed, 99))
	for i := range w.normals {
		w.normals[i] = rng.NormFloat64()
	}
	ticks := *requests * int64(*rows) / int64(*series)
	w.startNs = *startUnix * 1e9
	if w.startNs == 0 {
		w.startNs = time.Now().Truncate(time.Second).UnixNano() - ticks*int64(*step)
	}
	for edges := map[int64]bool{}; len(edges) < min(*spikes, *series); {
		first := *spikesAfter + rng.Int64N(max(1, ticks-*spikesAfter-*spikeTicks+1))
		edge := rng.Int64N(int64(*series))
		if edges[edge] {
			continue
		}
		edges[edge] = true
		for tick := first; tick < first+*spikeTicks; tick++ {
			w.planned[tick*int64(*series)+edge] = true
		}
	}
	return w
}

// values of an edge in a tick as the bits that its points hold.
func (w *world) values(row int64, now int64) [kinds]uint64 {
	s, tick := row%int64(*series), row/int64(*series)
	season := 1 + seasonAmplitude*math.Sin(2*math.Pi*float64(tick)/seasonTicks)
	h := splitmix(*seed ^ splitmix(uint64(row)))
	own := splitmix(uint64(s) + 77)
	level := 4 + float64(own&0xff)/64 - 2 // ln ms: 7 to 403 ms
	latency := math.Exp(level+latencySigma*w.normals[h&0xffff]) * season
	requests := max(1, math.Round(float64(10+(own>>8)&0x3ff)*season*(1+0.1*w.normals[(h>>16)&0xffff])))
	errors := math.Floor(requests * float64((h>>32)&0xffff) / 65536 * errorShare)
	size := int64(requests * bytesARequest * (1 + 0.05*w.normals[h&0xffff]))
	if w.planned[row] {
		e := edgeOf(int(s))
		w.mu.Lock()
		w.done = append(w.done, spike{e.source, e.destination, tick, now, latency * *spikeFactor, latency})
		w.mu.Unlock()
		latency *= *spikeFactor
	}
	return [kinds]uint64{math.Float64bits(latency), math.Float64bits(requests), math.Float64bits(errors), uint64(size)}
}

// patch fills a template of the right first series as request number n.
func (w *world) patch(t *template, n int64) {
	now := time.Now().UnixNano()
	for r := range t.rows {
		row := n*int64(*rows) + int64(r)
		if *clock == "virtual" {
			now = w.startNs + row/int64(*series)*int64(*step)
		}
		bits := w.values(row, now)
		offsets := &t.rows[r]
		for k := 0; k < kinds; k++ {
			binary.LittleEndian.PutUint64(t.body[offsets.time[k]:], uint64(now))
			binary.LittleEndian.PutUint64(t.body[offsets.value[k]:], bits[k])
		}
	}
}

// writeTruth writes the injected spikes as JSON lines.
func (w *world) writeTruth(path string) {
	file, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	lines := json.NewEncoder(file)
	for _, s := range w.done {
		if err := lines.Encode(s); err != nil {
			panic(err)
		}
	}
}
