import Source

extension Attribute {
    /// Reads a value of `kind` as `text(as:)` prints it.
    public init(reading scanner: inout TextScanner, as kind: AttributeKind) throws(TextError) {
        switch kind {
        case .integer: self = .integer(try scanner.integer("an integer"))
        case .number: self = .number(try scanner.number())
        case .boolean:
            if scanner.accept("true") {
                self = .boolean(true)
            } else if scanner.accept("false") {
                self = .boolean(false)
            } else {
                throw scanner.error("expected true or false, found \(scanner.found)")
            }
        case .pair, .integers: self = try Self.list(&scanner)
        case .numbers:
            try scanner.expect("[")
            var items: [Double] = []
            while !scanner.accept("]") {
                if !items.isEmpty { try scanner.expect(",") }
                items.append(try scanner.number())
            }
            self = .numbers(items)
        case .padding:
            let place = scanner.skipBlanks()
            guard scanner.sees("\"") else {
                self = try Self.list(&scanner, kind.phrase)
                return
            }
            let word = try scanner.quoted()
            guard kind.words.contains(word) else {
                let nearest = Spelling.nearest(to: word, in: kind.words)
                throw scanner.error(
                    "expected \(kind.phrase), found \(TextScanner.quoted(word))",
                    repair: nearest.map { "did you mean \(TextScanner.quoted($0))?" }, at: place)
            }
            self = .text(word)
        case .text: self = .text(try scanner.quoted())
        case .function: self = .function(try ScalarFunction(reading: &scanner))
        case .shape: self = .shape(try Shape(reading: &scanner))
        case .extent:
            let size = Dimension(try SizeExpression(reading: &scanner))
            self = size.value.map(Attribute.integer) ?? .shape(Shape([size]))
        case .extents:
            let place = scanner.skipBlanks()
            try scanner.expect("[")
            var sizes: [Dimension] = []
            while !scanner.accept("]") {
                if !sizes.isEmpty { try scanner.expect(",") }
                sizes.append(Dimension(try SizeExpression(reading: &scanner)))
                guard sizes.count <= 64 else { throw scanner.error("there are more than 64 extents", at: place) }
            }
            self = Shape(sizes).extents.map(Attribute.integers) ?? .shape(Shape(sizes))
        }
    }

    /// One integer, or several in parentheses or brackets.
    private static func list(
        _ scanner: inout TextScanner, _ expected: String = "an integer or a list of integers"
    ) throws(TextError) -> Attribute {
        let close: String
        if scanner.accept("(") {
            close = ")"
        } else if scanner.accept("[") {
            close = "]"
        } else {
            return .integer(try scanner.integer(expected))
        }
        var items: [Int] = []
        while !scanner.accept(close) {
            if !items.isEmpty { try scanner.expect(",") }
            items.append(try scanner.integer("an integer"))
        }
        return .integers(items)
    }
}

extension TensorType {
    /// Reads a type as `text` prints it.
    public init(reading scanner: inout TextScanner) throws(TextError) {
        guard let element = ElementType.allCases.first(where: { scanner.accept($0.rawValue) }) else {
            let known = ElementType.allCases.map(\.rawValue).joined(separator: " or ")
            throw scanner.error("expected \(known), found \(scanner.found)")
        }
        self.init(element, try Shape(reading: &scanner))
    }
}

extension Shape {
    /// The number of axes that a tensor that was read may have.
    static let rankLimit = 8
    /// The number of elements that a tensor that was read may have, so that sizes in bytes never overflow.
    static let elementLimit = 1 << 40

    /// Reads a shape as `text` prints it and bounds its rank and size.
    public init(reading scanner: inout TextScanner) throws(TextError) {
        let start = scanner.skipBlanks()
        try scanner.expect("[")
        var dimensions: [Dimension] = []
        while !scanner.accept("]") {
            if !dimensions.isEmpty { try scanner.expect(",") }
            let place = scanner.skipBlanks()
            let dimension = Dimension(try SizeExpression(reading: &scanner))
            if let extent = dimension.value, !(1...TextScanner.integerLimit).contains(extent) {
                throw scanner.error("an extent must lie in 1...\(TextScanner.integerLimit), not \(extent)", at: place)
            }
            dimensions.append(dimension)
        }
        self.init(dimensions)
        if let problem = sizeProblem { throw scanner.error(problem, at: start) }
    }

    /// Why the shape is too large to be read, or nil.
    var sizeProblem: String? {
        guard rank <= Self.rankLimit else { return "a tensor has at most \(Self.rankLimit) axes, not \(rank)" }
        var count = 1
        for case .fixed(let extent) in dimensions {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 1 else { return "an extent of \(text) is not positive" }
            guard !overflow, product <= Self.elementLimit else { return "\(text) is too large; a tensor has at most 2^40 elements" }
            count = product
        }
        return nil
    }
}

extension Layout {
    /// Reads `(1:16 0:16)`.
    init(readingBlocks scanner: inout TextScanner) throws(TextError) {
        var blocks: [Block] = []
        try scanner.expect("(")
        while !scanner.accept(")") {
            let axis = try scanner.integer("an axis", in: 0...7)
            try scanner.expect(":")
            blocks.append(Block(axis: axis, size: try scanner.integer("a block's size", in: 1...64)))
            guard blocks.count <= 4 else { throw scanner.error("a layout has at most 4 blocks") }
        }
        self.init(blocks)
    }
}

extension Initializer {
    /// Reads an initializer as `text` prints it.
    public init(reading scanner: inout TextScanner) throws(TextError) {
        let place = scanner.skipBlanks()
        if scanner.accept("tensor") {
            self = .values(try ConstantTensor(reading: &scanner))
            return
        }
        guard let form = InitializerForm.all.first(where: { scanner.accept($0.name) }) else {
            let known = InitializerForm.all.map { form in
                let names = form.parameters.filter { !$0.isOptional }.map(\.name)
                return form.name + (names.isEmpty ? "" : "(\(names.joined(separator: ", ")))")
            }
            throw scanner.error(
                "expected an initializer, found \(scanner.found)",
                repair: "there are \(known.joined(separator: ", ")) and tensor [values]", at: place)
        }
        self = .form(form, try Self.values(of: form, &scanner))
    }

    /// Reads `(0.02)`, one value a parameter; none where all may be left out.
    private static func values(of form: InitializerForm, _ scanner: inout TextScanner) throws(TextError) -> Attributes {
        var values = Attributes()
        if form.parameters.isEmpty { return values }
        if form.parameters.allSatisfy({ $0.isOptional || $0.defaultValue != nil }), !scanner.sees("(") { return values }
        try scanner.expect("(")
        for (index, parameter) in form.parameters.enumerated() {
            if index > 0 { try scanner.expect(",") }
            let place = scanner.skipBlanks()
            let value: Attribute
            if parameter.kind == .integer {
                let range = Int(parameter.range.lowerBound)...Int(parameter.range.upperBound)
                value = .integer(try scanner.integer("'\(parameter.name)'", in: range))
            } else {
                value = try Attribute(reading: &scanner, as: parameter.kind)
            }
            guard value == value else { throw scanner.error("'\(parameter.name)' cannot be nan", repair: "give a number", at: place) }
            values[parameter.name] = value
        }
        try scanner.expect(")")
        return values
    }
}

extension ConstantTensor {
    /// Reads `[1, 2, 1]` behind `tensor`.
    convenience init(reading scanner: inout TextScanner) throws(TextError) {
        try scanner.expect("[")
        var values: [Float] = []
        while !scanner.accept("]") {
            if !values.isEmpty { try scanner.expect(",") }
            guard values.count < Self.maximumCount else {
                throw scanner.error("a tensor of the program has at most \(Self.maximumCount) values")
            }
            values.append(Float(try scanner.number()))
        }
        self.init(values)
    }
}
