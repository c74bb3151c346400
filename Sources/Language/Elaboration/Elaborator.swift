import Graph
import Operators
import Source

/// Runs a network's definition: numbers are computed, branches taken, loops unrolled, and what is left are the nodes of a graph.
///
/// It never fails: an error is reported and its value becomes `poison`, about which nothing more is said.
final class Elaborator {
    struct Binding {
        var value: ElaboratedValue
        var span: Span
    }

    /// The names that a body sees: those of its own definition only, innermost scope last.
    struct Frame {
        enum Kind { case network, block, activation, training }
        var kind: Kind
        var scopes: [[String: Binding]] = [[:]]
        /// The clauses of precision in its body, until its labels are known.
        var precisions: [PrecisionClause] = []
        /// The value with which a `return` has ended the body.
        var returned: ElaboratedValue?
        /// How many labels had been made when it began.
        var firstLabel = 0
    }

    /// A block or activation that is being elaborated.
    struct Call {
        var name: String
        var span: Span
    }

    /// What a whole elaboration may take, so that a hostile source ends.
    static let maximumSteps = 200_000
    static let maximumDepth = 320

    let names: DefinedNames
    /// The sources, for reports that quote them.
    let map: SourceMap
    /// The places of errors that were known before.
    let known: Set<Span>
    let builder: GraphBuilder
    var frame = Frame(kind: .network)
    var calls: [Call] = []
    /// The labels around the current call; parameters are named by them.
    var path: [String] = []
    /// The blocks called under a label, by their full label.
    var blocks: [String: String] = [:]
    /// Where each parameter tensor was made, by its name.
    var parameterPlaces: [String: ParameterPlace] = [:]
    /// The names of parameter tensors in the order in which they were made.
    var usedParameters: [String] = []
    /// The first steps that made parameters, by their full label.
    var firstUses: [String: FirstUse] = [:]
    /// What states are in training once what stands above has run, and the parameters of these values.
    var states = StateValues()
    /// The innermost step around the current call that shares the parameters of another.
    var sharing: Sharing?
    /// The variables of the loops around the current statement, in the current frame's body and those of its callers.
    var loops: [NameSyntax] = []
    /// The full labels of steps and called blocks, in the order in which they were made.
    var labels: [String] = []
    /// Where clauses of precision stand, by the path that they are of.
    var precisionPlaces: [String: Span] = [:]
    /// What blocks that are called without a label say of all in them, the innermost first.
    var unlabelledPrecisions: [UnlabelledPrecision] = []
    /// How many of the reported errors are about clauses of precision.
    var precisionErrors = 0
    /// What the recipe says of how parameters begin.
    var initializers = ChosenInitializers()
    /// The documentation of inputs and outputs by name.
    var documentation: [String: String] = [:]
    private(set) var diagnostics: [Diagnostic] = []
    /// The places of errors: of those that were known, too, so that what the name checker said is not said again.
    private(set) var reported: Set<Span>
    /// Whether nothing is known to be wrong but what clauses of precision say.
    var isWhole: Bool { reported.count == precisionErrors }
    /// The operations whose operands have been reported not to fit.
    var explained: Set<Span> = []
    /// The places of warnings.
    private var doubted: Set<Span> = []
    /// What the inputs call the batch, and where the first of them does.
    var batchSymbol: (name: String, span: Span)?
    /// The other symbols of the inputs' types, with what is known of them.
    var sizeSymbols: [String: SizeSymbol] = [:]
    /// What it means that an output has another number of classes than its file of labels names.
    enum LabelMismatch {
        case isError
        /// The network was given other values than its own.
        case isNoted
        /// The training gives it other values.
        case isExpected
    }
    var labelMismatch = LabelMismatch.isError
    /// The sizes that were given as numbers.
    var givenSizes: [String: Int] = [:]
    var observer: (any ElaborationObserver)?
    /// Whether `print` writes: not where the network is elaborated once more, for its training.
    private(set) var printsValues = true
    private(set) var steps = 0
    /// Those taken within comprehensions.
    private var elementSteps = 0
    /// How many comprehensions are around the current expression.
    var comprehensions = 0
    private(set) var depth = 0

    /// - Parameter known: the places of the program's own errors, about which nothing more is said.
    init(_ names: DefinedNames, in map: SourceMap, of name: String, known: Set<Span>) {
        self.names = names
        self.map = map
        self.known = known
        reported = known
        builder = GraphBuilder(name: name)
    }

    /// Begins anew with the same names and initializers; what the other one has reported is not said again.
    init(after other: Elaborator) {
        names = other.names
        map = other.map
        known = other.known
        reported = other.reported
        precisionErrors = other.precisionErrors
        initializers = other.initializers
        givenSizes = other.givenSizes
        builder = GraphBuilder(name: other.builder.graph.name)
        printsValues = false
    }

    var catalog: OperatorCatalog { names.catalog }

    // MARK: - Reports

    /// Reports an error, once a place: a block that is elaborated many times is wrong only once.
    @discardableResult
    func report(
        _ message: String, at span: Span, label: String = "", secondary: [Diagnostic.Label] = [], notes: [String] = [], help: String? = nil
    ) -> ElaboratedValue {
        guard reported.insert(span).inserted, steps <= Self.maximumSteps else { return .poison }
        let callers = calls.reversed().prefix(3).map { Diagnostic.Label($0.span, "`\($0.name)` is called here") }
        diagnostics.append(Diagnostic(message, at: span, label: label, secondary: secondary + callers, notes: notes, help: help))
        return .poison
    }

    /// Warns, once a place.
    func warn(_ message: String, at span: Span, secondary: [Diagnostic.Label] = [], notes: [String] = [], help: String? = nil) {
        guard doubted.insert(span).inserted else { return }
        let callers = calls.reversed().prefix(3).map { Diagnostic.Label($0.span, "`\($0.name)` is called here") }
        diagnostics.append(
            Diagnostic(message, severity: .warning, at: span, secondary: secondary + callers, notes: notes, help: help))
    }

    /// Says what is worth knowing, once a place.
    func remark(_ message: String, at span: Span, help: String? = nil) {
        guard doubted.insert(span).inserted else { return }
        diagnostics.append(Diagnostic(message, severity: .note, at: span, help: help))
    }

    func phrase(_ value: ElaboratedValue) -> String { value.phrase(in: builder.graph) }

    // MARK: - Bounds

    /// Counts a step, and one for every 16 elements that it makes; false once there were too many.
    func takeStep(at span: Span, making elements: Int = 0) -> Bool {
        let before = steps
        steps = max(before + 1, min(Self.maximumSteps, before + 1 + elements / 16))
        if before < Self.maximumSteps, steps == Self.maximumSteps {
            report("the network takes too many steps to elaborate", at: span, help: "\(Self.maximumSteps) are the limit; shorten its loops")
        }
        return steps < Self.maximumSteps
    }

    /// Counts a step of computing a list's elements, of which 16 are one other: they only make numbers.
    func takeElementStep(at span: Span) -> Bool {
        elementSteps += 1
        return elementSteps % 16 == 0 ? takeStep(at: span) : steps < Self.maximumSteps
    }

    /// Runs `body` one level deeper.
    func nested(at span: Span, _ body: () -> ElaboratedValue) -> ElaboratedValue {
        guard comprehensions > 0 ? takeElementStep(at: span) : takeStep(at: span) else { return .poison }
        guard depth < Self.maximumDepth else {
            return report("calls and expressions nest too deeply", at: span, help: "\(Self.maximumDepth) levels are the limit")
        }
        depth += 1
        defer { depth -= 1 }
        return body()
    }

    // MARK: - Names

    func lookUp(_ name: String) -> ElaboratedValue? {
        for scope in frame.scopes.reversed() {
            if let binding = scope[name] { return binding.value }
        }
        return nil
    }

    func bind(_ name: NameSyntax, _ value: ElaboratedValue) {
        observe(value, at: name.span)
        frame.scopes[frame.scopes.count - 1][name.text] = Binding(value: value, span: name.span)
    }

    func bind(_ pattern: PatternSyntax, _ value: ElaboratedValue, from span: Span) {
        switch pattern {
        case .name(let name): bind(name, value)
        case .tuple(let names, let place):
            guard let items = value.items else {
                if !value.isPoison {
                    report("\(phrase(value)) cannot be taken apart", at: span, secondary: [Diagnostic.Label(place, "into these names")])
                }
                for name in names { bind(name, .poison) }
                return
            }
            if items.count != names.count {
                report(
                    "\(items.count) values for \(names.count) names", at: place,
                    secondary: [Diagnostic.Label(span, "\(items.count) values")],
                    help: "give as many names as there are values")
            }
            for (index, name) in names.enumerated() { bind(name, index < items.count ? items[index] : .poison) }
        }
    }

    /// Sets the innermost binding of a name; the name checker has made sure that there is a mutable one.
    func assign(_ name: NameSyntax, _ value: ElaboratedValue) {
        guard let level = frame.scopes.lastIndex(where: { $0[name.text] != nil }) else { return }
        frame.scopes[level][name.text]?.value = value
    }
}
