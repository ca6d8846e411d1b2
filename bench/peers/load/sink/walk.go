// Counting data points by walking over the protobuf, without decoding it.
package main

// uvarint reads a varint at i; the second result is where it ends, -1 where it does not.
func uvarint(b []byte, i int) (uint64, int) {
	var x uint64
	for shift := uint(0); i < len(b) && shift < 64; shift += 7 {
		c := b[i]
		i++
		x |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return x, i
		}
	}
	return 0, -1
}

// each calls f for every length-delimited field of b; false: b is not protobuf.
func each(b []byte, f func(field uint64, value []byte)) bool {
	for i := 0; i < len(b); {
		key, at := uvarint(b, i)
		if at < 0 {
			return false
		}
		i = at
		switch key & 7 {
		case 0:
			if _, i = uvarint(b, i); i < 0 {
				return false
			}
		case 1:
			i += 8
		case 5:
			i += 4
		case 2:
			length, at := uvarint(b, i)
			if at < 0 || length > uint64(len(b)-at) {
				return false
			}
			i = at + int(length)
			f(key>>3, b[at:i])
		default:
			return false
		}
	}
	return true
}

// within calls f for every field of that number.
func within(b []byte, field uint64, f func(value []byte)) bool {
	return each(b, func(n uint64, value []byte) {
		if n == field {
			f(value)
		}
	})
}

// pointsOf counts the data points of an ExportMetricsServiceRequest; false: it is not one.
func pointsOf(body []byte) (points int64, ok bool) {
	ok = within(body, 1, func(resourceMetrics []byte) {
		within(resourceMetrics, 2, func(scopeMetrics []byte) {
			within(scopeMetrics, 2, func(metric []byte) {
				each(metric, func(field uint64, data []byte) {
					if field == 5 || field == 7 || field == 9 || field == 10 || field == 11 {
						within(data, 1, func([]byte) { points++ })
					}
				})
			})
		})
	})
	return points, ok
}
