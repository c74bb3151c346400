import Graph
import LoopNest

/// How the work of such a gradient is cut: a task takes some blocks of the channels of `x` and a part of the images, a chunk of pixels at a time.
///
/// It follows from the shape, the target and the products alone: sums depend on it.
struct TileGradientCut: Hashable {
    /// Parts of the images that are added up apart.
    let parts: Int
    /// The blocks of the channels of `x` of a task.
    let taskInputs: Int
    /// A chunk: rows of `dy`, and images; all rows where there are several images.
    let rows: Int
    let images: Int
}

/// How long such a gradient takes, and what its scratch holds, cut in one way.
struct TileGradientCost {
    let problem: TileGradientShape
    let products: SplitProducts
    let cut: TileGradientCut
    private let target: Target
    private let model: CostModel
    private let speed: TileSpeed
    private let resultBytes: Int

    /// Results that are added up apart take no more than this, unless there is one.
    private static let mostPartialBytes = 32 << 20
    private static let mostParts = 16
    /// The threads that a cut is chosen for, whatever the number of cores.
    private static let threads = 8
    /// What loads of tiles take whose rows begin anywhere in a cache line, beside others.
    private static let crossing = 1.5
    /// The multiply-adds that rounding to a register of pairs, and exchanging halves of two registers, take the time of.
    private static let packing = 4.0
    private static let interleaving = 2.0

    init(_ problem: TileGradientShape, _ products: SplitProducts, _ cut: TileGradientCut, _ group: Group, _ target: Target) {
        (self.problem, self.products, self.cut, self.target) = (problem, products, cut, target)
        (model, speed) = (CostModel(target), target.speed.tiles)
        resultBytes = group.graph.storedCount(problem.shape.result.value) * StoredElement.f32.size
    }

    /// The cut that takes the least time; nil where a row of pixels is too long for the caches.
    static func best(_ problem: TileGradientShape, _ products: SplitProducts, _ group: Group, _ target: Target) -> TileGradientCost? {
        candidates(problem, products, group, target).map { (cost: $0, longest: $0.longest) }.min { $0.longest < $1.longest }?.cost
    }

    /// All cuts that are allowed.
    static func candidates(_ problem: TileGradientShape, _ products: SplitProducts, _ group: Group, _ target: Target) -> [TileGradientCost]
    {
        func divisors(_ count: Int) -> [Int] { (1...count).filter { count % $0 == 0 } }
        return divisors(problem.images).filter { $0 <= mostParts }.flatMap { parts in
            let chunks =
                divisors(problem.height).map { (rows: $0, images: 1) }
                + divisors(problem.images / parts).dropFirst().map { (rows: problem.height, images: $0) }
            return divisors(problem.inputBlocks).flatMap { inputs in
                chunks.map { chunk in
                    let cut = TileGradientCut(parts: parts, taskInputs: inputs, rows: chunk.rows, images: chunk.images)
                    return TileGradientCost(problem, products, cut, group, target)
                }
            }
        }.filter(\.isAllowed)
    }

    private var isAllowed: Bool {
        scratchBytes <= target.caches.level2 * 3 / 4 && (cut.parts == 1 || cut.parts * resultBytes <= Self.mostPartialBytes)
    }

    var tasks: Int { cut.parts * (problem.inputBlocks / cut.taskInputs) }
    /// The chunks of a task.
    var chunks: Int { problem.images / cut.parts / cut.images * (problem.height / cut.rows) }

    /// The tiles of pixels of an image of a chunk.
    var steps: Int { (cut.rows * problem.width + TileGradientShape.depth - 1) / TileGradientShape.depth }
    /// The staged positions of an image: those of `dy`, and those of a phase of `x`, which the last tap reads further.
    var outputPixels: Int { steps * TileGradientShape.depth }
    var inputPixels: Int {
        (outputPixels + problem.reach + TileGradientShape.depth - 1) / TileGradientShape.depth * TileGradientShape.depth
    }
    /// The elements from a channel's pixels to the next channel's: an odd number of cache lines, so that they fall into different sets.
    var channelStride: Int {
        inputPixels / TileGradientShape.depth % 2 == 1 ? inputPixels : inputPixels + TileGradientShape.depth
    }

    /// The elements of the copies: of `x` (`block, image, part, phase, channel, pixel`), of `dy` (`block, image, part, pair of pixels`), and of a
    /// block of either in f32, pixel by pixel.
    var inputCount: Int {
        cut.taskInputs * cut.images * products.parts * problem.phaseCount * TileGradientShape.lanes * channelStride
    }
    var outputCount: Int { problem.outputBlocks * cut.images * products.parts * outputPixels * TileGradientShape.lanes }
    var plainInputCount: Int { problem.phaseCount * inputPixels * TileGradientShape.lanes }
    var plainOutputCount: Int { outputPixels * TileGradientShape.lanes }

    private var scratchBytes: Int {
        (inputCount + outputCount) * StoredElement.bf16.size + (plainInputCount + plainOutputCount) * StoredElement.f32.size
    }

    /// What one thread takes for everything.
    var cycles: Double { Double(tasks) * task + combination }

    /// What the thread with the most work takes, of a fixed number of threads.
    private var longest: Double {
        Double((tasks + Self.threads - 1) / Self.threads) * task + combination / Double(min(tasks, Self.threads))
    }

    /// The kernel that adds the parts: the result is read and written once more for each.
    private var combination: Double { model.memory(bytes: resultBytes * (cut.parts + 1), threads: 1) }

    private var task: Double { Double(chunks) * (staging + sums) + model.task }

    /// The copies of a chunk.
    private var staging: Double {
        let parts = Double(products.parts)
        let lines = Double(problem.phaseCount * problem.lines(rows: cut.rows) * problem.width)
        let plainInput = lines * (2 * model.load + Double(problem.operandOperations) + model.store)
        let squares = Double(problem.phaseCount * inputPixels / TileGradientShape.depth)
        let ofSquare = 32 * model.load + 128 * Self.interleaving + 16 * parts * (Self.packing + model.store)
        let plainOutput = Double(cut.rows * problem.columns.count) * (2 * model.load + model.store)
        let pairs = Double(outputPixels / 2) * (2 * model.load + parts * (Self.packing + model.store))
        return Double(cut.images)
            * (Double(cut.taskInputs) * (plainInput + squares * ofSquare) + Double(problem.outputBlocks) * (plainOutput + pairs))
    }

    /// The products of a chunk.
    private var sums: Double {
        var cycles = 0.0
        for (inputs, turnsOfInputs) in [(2, cut.taskInputs / 2), (1, cut.taskInputs % 2)] where turnsOfInputs > 0 {
            for (outputs, turnsOfOutputs) in [(2, problem.outputBlocks / 2), (1, problem.outputBlocks % 2)] where turnsOfOutputs > 0 {
                let bytes =
                    (inputs * channelStride + outputs * outputPixels) * TileGradientShape.lanes * StoredElement.bf16.size
                    * products.parts * cut.images
                let load = bytes <= target.caches.level1 * 3 / 4 ? speed.load : speed.level2Load
                let loads =
                    Double(products.loads.operand * inputs) * load * Self.crossing + Double(products.loads.weights * outputs) * load
                let step = Double(products.order.count * inputs * outputs) * speed.product + speed.unhidden * loads
                let joined = chunks > 1 ? 2.0 : 1.0
                let moved = Double(inputs * outputs) * joined * speed.level2Load
                cycles += Double(turnsOfInputs * turnsOfOutputs * problem.taps) * (Double(cut.images * steps) * step + moved)
            }
        }
        return cycles
    }
}
