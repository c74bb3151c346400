/// How the pictures of a batch are mixed: each with a partner of the same batch, all in the same way.
public struct BatchMixture: Equatable, Sendable {
    public enum Way: Equatable, Sendable {
        /// So much of each picture, and the rest of its partner.
        case blend(share: Double)
        /// A rectangle comes from the partner.
        case paste(PictureRectangle)
    }

    /// The partner of each picture: a permutation. A picture may be its own partner, and stays as it is.
    public let partners: [Int]
    public let way: Way

    public init(partners: [Int], way: Way) {
        precondition(Set(partners) == Set(0..<partners.count), "partners are no permutation")
        (self.partners, self.way) = (partners, way)
    }

    /// How much of a mixed picture of `height` x `width` is its own, from 0 to 1; the rest is its partner's.
    public func weight(height: Int, width: Int) -> Float {
        switch way {
        case .blend(let share): Float(share)
        case .paste(let rectangle): Float(1 - Double(rectangle.area) / Double(height * width))
        }
    }

    /// Mixes pictures that lie one after the other, each of `channels` x `height` x `width` values.
    public func mix(_ images: UnsafeMutableBufferPointer<Float>, channels: Int, height: Int, width: Int) {
        let size = channels * height * width
        precondition(images.count >= partners.count * size, "\(images.count) values are not \(partners.count) pictures of \(size)")
        guard let images = images.baseAddress, size > 0 else { return }
        var isMixed = [Bool](repeating: false, count: partners.count)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: size) { first in
            guard let kept = first.baseAddress else { return }
            // Around each cycle of the permutation, so that a partner is read before it changes; only the first must be kept.
            for start in partners.indices where !isMixed[start] && partners[start] != start {
                kept.initialize(from: images + start * size, count: size)
                var place = start
                repeat {
                    isMixed[place] = true
                    let partner = partners[place]
                    let other = partner == start ? UnsafePointer(kept) : UnsafePointer(images + partner * size)
                    mix(images + place * size, with: other, channels, height, width)
                    place = partner
                } while place != start
            }
        }
    }

    private func mix(
        _ picture: UnsafeMutablePointer<Float>, with partner: UnsafePointer<Float>, _ channels: Int, _ height: Int, _ width: Int
    ) {
        switch way {
        case .blend(let share):
            let (own, others) = (Float(share), Float(1 - share))
            for index in 0..<channels * height * width { picture[index] = own * picture[index] + others * partner[index] }
        case .paste(let rectangle):
            for channel in 0..<channels {
                for row in rectangle.rows {
                    let start = (channel * height + row) * width + rectangle.left
                    (picture + start).update(from: partner + start, count: rectangle.width)
                }
            }
        }
    }
}
