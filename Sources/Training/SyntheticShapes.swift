import Foundation
import Recipes

/// Synthetic pictures of shapes, drawn by code: 32 x 32, grey, one to three of four kinds over each other on noise. All that networks can be
/// asked of them is known: the kind of the front one, which kinds there are, where the front one is, and the kind at each pixel.
///
/// Picture `i` depends on the seed, the part and `i` alone, bit for bit on every machine: only exactly rounded operations are used.
public struct SyntheticShapes: Sendable {
    public enum Part: Sendable {
        case training
        case heldOut
    }

    public static let side = 32
    public static let defaultTrainingCount = 6_000
    public static let defaultHeldOutCount = 1_000
    /// The kinds, in the order of their numbers; as classes of pixels they count from 1, behind the background.
    public static let kinds = ["disc", "square", "cross", "ring"]

    /// A shape as it is drawn.
    private struct Shape {
        var kind: Int
        /// The centre, and how far the shape reaches from it, in pixels.
        var x: Float
        var y: Float
        var radius: Float
        var brightness: Float

        /// Whether a pixel's centre is within.
        func covers(_ column: Int, _ row: Int) -> Bool {
            let (dx, dy) = (Float(column) + 0.5 - x, Float(row) + 0.5 - y)
            let square = dx * dx + dy * dy
            let (across, along) = (abs(dx), abs(dy))
            return switch kind {
            case 0: square <= radius * radius
            case 1: max(across, along) <= 0.85 * radius
            case 2: max(across, along) <= radius && min(across, along) <= 0.3 * radius
            default: square <= radius * radius && square >= 0.36 * radius * radius
            }
        }
    }

    public let seed: UInt64
    public let part: Part

    public init(seed: UInt64 = 0, part: Part) {
        self.seed = seed
        self.part = part
    }

    /// The shapes of a picture from the back to the front, all of other kinds, and the numbers for its noise.
    private func shapes(_ index: Int) -> (shapes: [Shape], noise: CounterGenerator) {
        var random = CounterGenerator(seed: seed, part == .training ? .trainingShapes : .heldOutShapes, index)
        var kinds = Array(Self.kinds.indices)
        random.shuffle(&kinds)
        let count = 1 + random.below(3)
        let shapes = kinds.prefix(count).map { kind in
            let radius = random.uniform(4...8)
            return Shape(
                kind: kind, x: random.uniform(radius...Float(Self.side) - radius), y: random.uniform(radius...Float(Self.side) - radius),
                radius: radius, brightness: random.uniform(110...220))
        }
        return (shapes, random)
    }

    /// Draws the pictures 0 up to `count`, with what is wished to be known of them. Numbers are the front shape's place, from 0 to 1 to the
    /// right and down, where two are wished, and else 1 for each kind that there is.
    public func dataset(count: Int, wish: DatasetWish = .classes) -> Dataset {
        let (side, area) = (Self.side, Self.side * Self.side)
        var pixels = [UInt8](repeating: 0, count: count * area)
        var maps = [UInt8](repeating: 0, count: wish == .labelMaps ? count * area : 0)
        var numbers: [Float] = []
        var labels: [Int32] = []
        for index in 0..<count {
            var (shapes, noise) = shapes(index)
            for row in 0..<side {
                for column in 0..<side {
                    let front = shapes.last { $0.covers(column, row) }
                    let place = index * area + row * side + column
                    pixels[place] = UInt8((front?.brightness ?? 30) + noise.uniform(-30...30))
                    if wish == .labelMaps, let front { maps[place] = UInt8(front.kind + 1) }
                }
            }
            let front = shapes[shapes.count - 1]
            labels.append(Int32(front.kind))
            if wish == .numbers(2) {
                numbers += [front.x / Float(side), front.y / Float(side)]
            } else if case .numbers = wish {
                numbers += Self.kinds.indices.map { kind in shapes.contains { $0.kind == kind } ? 1 : 0 }
            }
        }
        var (truth, names): (DatasetTruth?, [String]) = (nil, Self.kinds)
        switch wish {
        case .classes, .pictures: break
        case .numbers(2): truth = .numbers(numbers, columns: ["x", "y"])
        case .numbers: truth = .numbers(numbers, columns: Self.kinds)
        case .labelMaps:
            truth = .labelMaps(maps, height: side, width: side)
            names = ["background"] + Self.kinds
            labels = labels.map { $0 + 1 }
        }
        return Dataset(
            name: "synthetic shapes (drawn by code)", isSynthetic: true, classNames: names,
            extents: ImageExtents(channels: 1, height: side, width: side), pixels: pixels, labels: labels, truth: truth,
            labelsAreClasses: true)
    }
}
