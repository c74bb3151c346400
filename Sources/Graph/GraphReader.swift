import Source

extension Graph {
    /// Reads a graph as `text(spans:)` prints it, and checks it as `verify` does.
    ///
    /// Attributes that have defaults, and the types of constants and operations, may be left out; blank lines and lines that begin with `#` are
    /// skipped; values may be numbered in any way. Text from anywhere is safe to read: extents, ranks and nesting are bounded.
    public init(reading text: String, catalog: OperatorCatalog) throws(TextError) {
        var reader = GraphReader(scanner: TextScanner(text), catalog: catalog)
        self = try reader.graph()
    }
}

/// Reads graphs line by line.
private struct GraphReader {
    var scanner: TextScanner
    let catalog: OperatorCatalog
    private var result = Graph(name: "")
    private var valueByNumber: [Int: Value] = [:]
    private var parameterByName: [String: Value] = [:]
    private var names: Set<String> = []
    private var outputNames: Set<String> = []
    private var clauses: [String: Precision] = [:]
    /// The places in the text of the values that are rounded.
    private var roundings: [Value: Int] = [:]
    /// Where values are said to lie, by the parents' numbers in the text, and the places in the text that say so.
    private var placements: [(value: Value, place: Placement, offset: Int)] = []

    init(scanner: TextScanner, catalog: OperatorCatalog) {
        self.scanner = scanner
        self.catalog = catalog
    }

    mutating func graph() throws(TextError) -> Graph {
        scanner.skipLines()
        try scanner.expect("graph")
        result.name = try scanner.name("the graph's name")
        try scanner.expect("{")
        try scanner.endLine()
        while true {
            scanner.skipLines()
            if scanner.accept("}") { break }
            if scanner.sees("%") {
                try definition()
            } else if scanner.accept("output") {
                try output()
            } else if scanner.accept("update") {
                try update()
            } else if scanner.accept("precision") {
                try precision()
            } else if scanner.accept("where") {
                try constraint()
            } else {
                throw scanner.error("expected a node, 'where', 'precision', 'output', 'update' or '}', found \(scanner.found)")
            }
        }
        scanner.skipLines()
        guard scanner.isAtEnd else { throw scanner.error("expected nothing after the graph, found \(scanner.found)") }
        result.precisions = PrecisionClauses(clauses)
        if let (value, problem) = result.clauseProblem {
            throw scanner.error(problem, repair: "leave out one of the two", at: roundings[value])
        }
        for (value, place, offset) in placements {
            guard let parent = valueByNumber[place.parent.index] else {
                throw scanner.error("%\(place.parent.index) is not defined", at: offset)
            }
            result[value].place = Placement(parent: parent, axis: place.axis, start: place.start)
        }
        guard !placements.isEmpty else { return result }
        let facts = GraphFacts(result)
        for (value, _, offset) in placements {
            if let problem = facts.placementProblem(of: value) { throw scanner.error(problem, at: offset) }
        }
        return result
    }

    private mutating func value() throws(TextError) -> Value {
        let start = scanner.skipBlanks()
        try scanner.expect("%")
        let number = try scanner.integer("a value's number", in: 0...TextScanner.integerLimit)
        guard let value = valueByNumber[number] else {
            throw scanner.error("%\(number) is not defined", repair: "operands precede their users", at: start)
        }
        return value
    }

    private mutating func definition() throws(TextError) {
        let start = scanner.skipBlanks()
        try scanner.expect("%")
        let number = try scanner.integer("a value's number", in: 0...TextScanner.integerLimit)
        guard valueByNumber[number] == nil else { throw scanner.error("%\(number) is defined twice", at: start) }
        try scanner.expect("=")
        let value = Value(result.nodes.count)
        var node = try node(value)
        try annotations(&node)
        try scanner.endLine()
        valueByNumber[number] = value
        if node.stored != nil || node.factors != nil { roundings[value] = start }
        result.nodes.append(node)
    }

    private mutating func node(_ value: Value) throws(TextError) -> Node {
        let start = scanner.skipBlanks()
        if scanner.sees("-") || scanner.seesDigit() || scanner.sees("inf") || scanner.sees("nan") {
            let number = try scanner.number()
            if scanner.accept(":") { _ = try type(expected: .f32()) }
            return Node(.constant(number), type: .f32())
        }
        if scanner.accept("input") {
            let name = try uniqueName("the input's name")
            let place = scanner.skipBlanks()
            let preparation = scanner.accept("prepare") ? try PicturePreparation(reading: &scanner) : nil
            try scanner.expect(":")
            let type = try type()
            if let problem = preparation?.problem(for: type) {
                throw scanner.error(problem.message, repair: problem.repair, at: place)
            }
            return Node(.input(name), type: type, preparation: preparation)
        }
        for role in [ParameterRole.weight, .state] where scanner.accept(role.rawValue) {
            let name = try uniqueName("the parameter's name")
            let initializer = try Initializer(reading: &scanner)
            try scanner.expect(":")
            parameterByName[name] = value
            let start = scanner.skipBlanks()
            let type = try type()
            if case .values(let tensor) = initializer, type.element != .f32 || type.shape.elementCount != tensor.values.count {
                throw scanner.error("\(tensor.values.count) values do not fill \(type)", at: start)
            }
            return Node(.parameter(Parameter(name, role, initializer)), type: type)
        }
        if scanner.accept("tensor") { return try tensor() }
        let name = try scanner.name("an operator")
        guard let operation = catalog[name] else {
            let near = Spelling.nearest(to: name, in: catalog.operators.map(\.name))
            throw scanner.error("there is no operator '\(name)'", repair: near.map { "did you mean '\($0)'?" }, at: start)
        }
        return try operationNode(operation, at: start)
    }

    /// Reads `[1, 2, 1] : f32[3]` behind `tensor`.
    private mutating func tensor() throws(TextError) -> Node {
        let tensor = try ConstantTensor(reading: &scanner)
        try scanner.expect(":")
        let start = scanner.skipBlanks()
        let type = try type()
        guard type.element == .f32, type.shape.elementCount == tensor.values.count else {
            throw scanner.error("\(tensor.values.count) values do not fill \(type)", at: start)
        }
        return Node(.tensor(tensor), type: type)
    }

    private mutating func operationNode(_ operation: Operator, at start: Int) throws(TextError) -> Node {
        try scanner.expect("(")
        var operands: [Value] = []
        while !scanner.accept(")") {
            if !operands.isEmpty { try scanner.expect(",") }
            operands.append(try value())
        }
        if let problem = operation.operandCountProblem(operands.count) { throw scanner.error(problem, at: start) }
        var given = Attributes()
        while scanner.seesName(), !scanner.sees("plain"), !scanner.sees("blocked"), !scanner.sees("group"), !scanner.sees("direct") {
            let place = scanner.skipBlanks()
            let name = try scanner.name("a parameter")
            guard let parameter = operation.parameters.first(where: { $0.name == name }) else {
                let known = operation.parameters.map(\.name).joined(separator: ", ")
                throw scanner.error(
                    "'\(operation.name)' has no parameter '\(name)'", repair: known.isEmpty ? nil : "it takes \(known)", at: place)
            }
            guard given[name] == nil else { throw scanner.error("'\(name)' is given twice", at: place) }
            try scanner.expect("=")
            let attribute = try Attribute(reading: &scanner, as: parameter.kind)
            // What holds a nan is not even equal to itself, so that nothing could be said about the node.
            guard attribute == attribute else { throw scanner.error("'\(name)' cannot hold nan", repair: "give a number", at: place) }
            given[name] = attribute
        }
        let types = operands.map { result[$0].type }
        let attributes: Attributes
        let type: TensorType
        do {
            attributes = try operation.completing(given)
            type = try operation.inferType(Signature(types, attributes))
        } catch {
            throw scanner.error(error.message, repair: error.repair, at: start)
        }
        if let problem = type.shape.sizeProblem { throw scanner.error(problem, at: start) }
        if scanner.accept(":") { _ = try self.type(expected: type) }
        return Node(.operation(operation, attributes), operands: operands, type: type)
    }

    private mutating func uniqueName(_ what: String) throws(TextError) -> String {
        let place = scanner.skipBlanks()
        let name = try scanner.name(what)
        guard names.insert(name).inserted else {
            throw scanner.error("there are two inputs or parameters called '\(name)'", repair: "rename one", at: place)
        }
        return name
    }

    private mutating func type(expected: TensorType? = nil) throws(TextError) -> TensorType {
        let start = scanner.skipBlanks()
        let type = try TensorType(reading: &scanner)
        if let expected, type != expected { throw scanner.error("the type is \(expected), not \(type)", at: start) }
        return type
    }

    /// The layout, group, place, the mark of a direct sum, precision, label and span.
    private mutating func annotations(_ node: inout Node) throws(TextError) {
        let place = scanner.skipBlanks()
        if scanner.accept("plain") {
            node.layout = .plain
        } else if scanner.accept("blocked") {
            node.layout = try Layout(readingBlocks: &scanner)
        }
        if let layout = node.layout, let block = layout.blocks.first(where: { $0.axis >= node.type.rank }) {
            throw scanner.error("the layout blocks axis \(block.axis) of a tensor with \(node.type.rank) axes", at: place)
        }
        if scanner.accept("group") { node.group = try scanner.integer("a group", in: 0...TextScanner.integerLimit) }
        if scanner.accept("in") {
            let place = scanner.skipBlanks()
            try scanner.expect("%")
            let parent = try scanner.integer("a value's number", in: 0...TextScanner.integerLimit)
            try scanner.expect("axis")
            let axis = try scanner.integer("an axis", in: 0...TextScanner.integerLimit)
            try scanner.expect("at")
            let start = try scanner.integer("a position", in: 0...TextScanner.integerLimit)
            // A concatenation follows what lies in it: its number is looked up at the end.
            placements.append((Value(result.nodes.count), Placement(parent: Value(parent), axis: axis, start: start), place))
        }
        node.isDirect = scanner.accept("direct")
        let precision = scanner.skipBlanks()
        if scanner.accept("stored") { node.stored = try narrowElement() }
        if scanner.accept("factors") { node.factors = try narrowElement() }
        if let problem = node.precisionProblem { throw scanner.error(problem, at: precision) }
        if scanner.accept("#") { node.label = try scanner.name("a label") }
        if scanner.accept("@") {
            let file = try scanner.integer("a file", in: 0...Int(UInt32.max - 1))
            try scanner.expect(":")
            let lower = try scanner.integer("an offset", in: 0...Int(UInt32.max))
            try scanner.expect("-")
            let upper = try scanner.integer("an offset", in: lower...Int(UInt32.max))
            node.span = Span(file: FileID(rawValue: UInt32(file)), lower..<upper)
        }
    }

    /// What f32 may be rounded to.
    private mutating func narrowElement() throws(TextError) -> StoredElement {
        let place = scanner.skipBlanks()
        guard let element = StoredElement.narrow.first(where: { scanner.accept($0.rawValue) }) else {
            let known = StoredElement.narrow.map(\.rawValue).joined(separator: " or ")
            throw scanner.error("expected what f32 is rounded to", repair: "write \(known)", at: place)
        }
        return element
    }

    private mutating func output() throws(TextError) {
        let place = scanner.skipBlanks()
        let name = try scanner.name("the output's name")
        guard outputNames.insert(name).inserted else {
            throw scanner.error("there are two outputs called '\(name)'", repair: "rename one", at: place)
        }
        try scanner.expect("=")
        let output = Graph.Output(name, try value())
        guard result[output.value].stored == nil else { throw scanner.error("an output is stored as its type says", at: place) }
        result.outputs.append(output)
        if scanner.accept("labels") { try labels(of: output) }
        try scanner.endLine()
    }

    /// `("cat", "dog")`: what the classes of an output are called.
    private mutating func labels(of output: Graph.Output) throws(TextError) {
        let place = scanner.skipBlanks()
        try scanner.expect("(")
        var names: [String] = []
        repeat { names.append(try scanner.name("the name of a class")) } while scanner.accept(",")
        try scanner.expect(")")
        if let classes = result.classCount(of: output.value), classes != names.count {
            throw scanner.error(
                "\(names.count) classes are named, but '\(output.name)' has \(classes)", repair: "name as many", at: place)
        }
        result.classLabels[output.name] = names
    }

    /// `H % 32 == 0`: from there on H is known to be a multiple of 32.
    private mutating func constraint() throws(TextError) {
        let place = scanner.skipBlanks()
        guard result.nodes.isEmpty else { throw scanner.error("what holds for sizes stands in front of the nodes", at: place) }
        let known = scanner.symbols
        scanner.symbols = [:]
        let constraint = try SizeConstraint(reading: &scanner)
        scanner.symbols = known
        result.constraints.append(constraint)
        // What is asserted, with a message, is checked only.
        if constraint.message.isEmpty, let (symbol, multiple) = constraint.multiple {
            scanner.symbols[symbol.name] = (known[symbol.name] ?? symbol).multiple(of: multiple)
        }
        try scanner.endLine()
    }

    /// `layer4.conv1 f32`, or `f32` of the whole network.
    private mutating func precision() throws(TextError) {
        let place = scanner.skipBlanks()
        var path = ""
        var word = try scanner.name("a label or a precision")
        var wordPlace = place
        if scanner.seesName() {
            wordPlace = scanner.skipBlanks()
            path = word
            word = try scanner.name("a precision")
        }
        guard let precision = Precision(rawValue: word) else {
            throw scanner.error("there is no precision '\(word)'", repair: "write \(Precision.known)", at: wordPlace)
        }
        guard clauses.updateValue(precision, forKey: path) == nil else {
            let what = path.isEmpty ? "the whole network" : "'\(path)'"
            throw scanner.error("the precision of \(what) is given twice", repair: "leave one out", at: place)
        }
        try scanner.endLine()
    }

    private mutating func update() throws(TextError) {
        let place = scanner.skipBlanks()
        let name = try scanner.name("a parameter's name")
        guard let state = parameterByName[name] else { throw scanner.error("there is no parameter '\(name)'", at: place) }
        guard !result.updates.contains(where: { $0.state == state }) else { throw scanner.error("'\(name)' is updated twice", at: place) }
        try scanner.expect("=")
        let valuePlace = scanner.skipBlanks()
        let next = try value()
        guard result[next].type == result[state].type else {
            throw scanner.error("'\(name)' is \(result[state].type), but its next value is \(result[next].type)", at: valuePlace)
        }
        try scanner.endLine()
        result.updates.append(Graph.Update(state: state, value: next))
    }
}
