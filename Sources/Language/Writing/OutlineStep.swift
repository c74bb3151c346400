import Graph

/// A tensor that a step takes: what another step or the network's inputs give, or what is written where it is used.
enum Operand: Hashable {
    /// By the index of the node that makes it.
    case wire(Int)
    case number(Double)
    case tensor(ConstantTensor, Shape)
    /// A number that follows from sizes: a size divided by an integer.
    case size(SizeExpression, Int)

    var wire: Int? { if case .wire(let wire) = self { wire } else { nil } }
    var isTensor: Bool { if case .tensor = self { true } else { false } }
}

/// One call of a source: an operator, an activation or a block with what it is given, or the declaration of a tensor.
///
/// A class, since steps of large networks are moved between blocks.
final class OutlineStep {
    enum Callee {
        case operation(Operator)
        /// What is called is the argument `functionArgument`.
        case function
        case parameter(ParameterRole, TensorType, Initializer)
        /// A tensor of the program's own that several steps take.
        case constant(Operand)
        case block(BlockInstance)
        case loop(OutlineLoop)
        case optional(OptionalSteps)
    }

    /// A value that is decided while the network is built.
    struct Argument {
        var name: String
        var value: Term
        /// What the callee takes where nothing is given; nil where it must be given.
        var byDefault: Term?
        /// Whether it stands by its place, without its name, wherever all before it do.
        var isPositional: Bool
    }

    /// The name of the argument that holds what is called.
    static let functionArgument = "act"

    let callee: Callee
    /// Where the step stands among others: the index of its first node.
    let order: Int
    var operands: [Operand]
    /// The tensors that it takes in place of parameters of its own, by input.
    var given: [(input: String, operand: Operand)] = []
    var arguments: [Argument] = []
    /// The parts of its label; empty where it has none.
    var label: [String] = []
    /// Whether it owns parameters, which are named by the label.
    var ownsParameters = false
    /// Whether one of these is a matrix or kernel.
    var hasMatrix = false
    /// Whether its label matters though nothing is named by it: of what is said of precision.
    var keepsLabel = false
    /// Whether its parameters are those of another step, too.
    var isShared = false
    /// The use of shared parameters that it belongs to, of all under the first parts of its label.
    struct Tower {
        var depth: Int
        var number: Int
    }
    var tower: Tower?
    /// The wires of its results; nil for those of a tuple that nothing reads.
    var results: [Int?]

    init(_ callee: Callee, order: Int, operands: [Operand] = [], results: [Int?]) {
        self.callee = callee
        self.order = order
        self.operands = operands
        self.results = results
    }

    func copy() -> OutlineStep {
        let copy = OutlineStep(callee, order: order, operands: operands, results: results)
        copy.given = given
        copy.arguments = arguments
        copy.label = label
        copy.ownsParameters = ownsParameters
        copy.hasMatrix = hasMatrix
        copy.keepsLabel = keepsLabel
        copy.isShared = isShared
        return copy
    }

    /// How much it says, with all that its block says.
    var weight: Int { if case .block(let block) = callee { block.weight } else { isDeclaration ? 0 : 1 } }

    var isDeclaration: Bool { if case .parameter = callee { true } else { false } }
    var isBlock: Bool { if case .block = callee { true } else { false } }

    /// All that flows into it.
    var inputs: [Operand] { operands + given.map(\.operand) }

    /// The label that the step has in a graph where its author gives none.
    var defaultLabel: String? {
        switch callee {
        case .operation(let operation): return operation.name
        case .function:
            guard case .function(let function)? = arguments.first?.value else { return nil }
            return function.name
        case .parameter, .constant, .block, .loop, .optional: return nil
        }
    }

    /// Whether its label says something that the source would not say without it.
    var needsLabel: Bool {
        if ownsParameters || keepsLabel { return true }
        switch callee {
        case .block: return !label.isEmpty
        case .parameter, .constant, .loop, .optional: return false
        case .operation, .function: return label.last.map { $0 != defaultLabel } ?? false
        }
    }

    /// Whether lines of a pipeline may begin with it: whatever has weights that it sums over, and blocks.
    var beginsPhrase: Bool {
        switch callee {
        case .block: true
        case .operation: hasMatrix
        case .function, .parameter, .constant, .loop, .optional: false
        }
    }
}

/// The steps of a network or block, with what flows in and out.
struct OutlineBody {
    var steps: [OutlineStep]
    /// The wires that it is given.
    var inputs: [Int]
    /// What it gives.
    var results: [Operand]
}

/// A block as one call has it.
final class BlockInstance {
    var body: OutlineBody
    /// The path of labels at which it is called, and how many parts that has.
    let path: String
    let depth: Int
    /// Its call.
    weak var step: OutlineStep?
    /// What it is a use of, once blocks that are alike are known.
    var type: BlockType?

    /// How much it says, with what blocks in it say.
    private(set) lazy var weight = body.steps.reduce(0) { $0 + $1.weight }

    init(_ body: OutlineBody, path: String, depth: Int) {
        self.body = body
        self.path = path
        self.depth = depth
    }
}

/// `if downsample { x |> … } else { x }`: steps that a parameter of the block decides about.
final class OptionalSteps {
    let condition: String
    let steps: [OutlineStep]
    /// The wire in whose place they give another.
    let input: Int
    let output: Int

    init(condition: String, steps: [OutlineStep], input: Int, output: Int) {
        self.condition = condition
        self.steps = steps
        self.input = input
        self.output = output
    }
}
