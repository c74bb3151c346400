/// The search for the largest batch whose plan fits.
enum LargestBatch {
    /// The largest that is tried.
    static let most = 65_536

    /// The largest batch that needs no more than `limit` bytes, as long as more images need more; 0 where not even one image fits.
    ///
    /// Needs grow nearly evenly with the images, so a few plans find it: each between one that fits and one that does not, where a line through
    /// two known needs meets the limit.
    ///
    /// - Parameter need: the bytes that a batch needs, nil where there is no plan for so many images.
    static func search(_ limit: Int, _ need: (Int) -> Int?) -> Int {
        guard let one = need(1), one <= limit else { return 0 }
        var (low, high) = ((batch: 1, bytes: one), most + 1)
        var slope: Double?
        var turn = 0
        while high - low.batch > 1 {
            turn += 1
            var next = low.batch > most / 2 ? most : 2 * low.batch
            if let slope, slope > 0 { next = low.batch + Int(min(Double(limit - low.bytes) / slope, Double(most))) }
            // What does not grow evenly is halved now and then.
            if turn % 4 == 0, high <= most { next = low.batch + (high - low.batch) / 2 }
            next = min(max(next, low.batch + 1), high - 1)
            guard let bytes = need(next) else {
                high = next
                slope = nil
                // There are no plans from somewhere on, whatever they would need.
                turn = 3
                continue
            }
            slope = Double(bytes - low.bytes) / Double(next - low.batch)
            if bytes <= limit { low = (next, bytes) } else { high = next }
        }
        return low.batch
    }
}
