import Graph

/// What a register holds.
public enum RegisterType: Hashable, Sendable {
    /// `Kernel.lanes` f32 values.
    case vector
    /// As many pairs of bf16: in each lane one number in the lower and one in the upper half.
    case pairs
    /// 16 rows of 64 bytes in a register of a tile unit. See `TileAllocation` for what such registers may do.
    case tile(TileElement)

    /// What such a register holds, as a message says it.
    var phrase: String {
        switch self {
        case .vector: "a vector"
        case .pairs: "pairs"
        case .tile(let element): element.phrase
        }
    }

    var isTile: Bool { if case .tile = self { true } else { false } }
}

/// The row of an instruction: how it is written, what it takes and what it gives. `Operation` has the rows.
///
/// Builder, printer, reader, verifier and the identity of machine code follow from the row; what an instruction means is said where it is
/// interpreted (`KernelMachine`) and where it becomes machine code.
public final class InstructionRow: Sendable {
    /// The word that begins it; one that begins with an element of a buffer has a name that is not written.
    public let name: String
    /// The type of the register that it defines; nil if there is none, and all that it does is to memory.
    public let result: RegisterType?
    /// Whether the name is written.
    let hasWord: Bool
    /// What is written behind the name.
    let format: [InstructionFormat.Part]
    /// The operands that it has, in the order in which they are written.
    let places: [Place]
    /// Whether it gives or takes tiles.
    let usesTiles: Bool
    /// The operation with such operands.
    let compose: @Sendable ([Operand]) -> Operation

    /// - Parameters:
    ///   - format: begins with the word that the instruction is called by, unless it is `named`.
    ///   - compose: makes the operation of its operands, one for each place; what `Operation.parts` takes apart.
    init(
        _ format: InstructionFormat, named name: String? = nil, gives result: RegisterType? = nil,
        compose: @escaping @Sendable ([Operand]) -> Operation
    ) {
        var parts = format.parts
        if let name {
            self.name = name
        } else {
            guard case .text(let text, _)? = parts.first else { preconditionFailure("an instruction begins with a word, or has a name") }
            let word = text.prefix { $0.isLetter || $0.isNumber }
            self.name = String(word)
            parts[0] = .text(String(text[word.endIndex...]))
        }
        hasWord = name == nil
        self.format = parts
        self.result = result
        self.compose = compose
        places = parts.flatMap { part -> [Place] in if case .place(let place) = part { place.single } else { [] } }
        usesTiles =
            result?.isTile ?? false || places.contains { place in if case .register(let type) = place { type.isTile } else { false } }
    }

    /// The words that its text has in any case.
    var words: [String] {
        let tokens = format.flatMap { part -> [String] in if case .text(_, let tokens) = part { tokens } else { [] } }
        return (hasWord ? [name] : []) + tokens.filter { $0.allSatisfy(\.isLetter) }
    }
}

/// Something that an instruction takes. Registers, elements and counts are where a kernel computes; the rest is fixed in its text.
public enum Operand: Hashable, Sendable {
    case register(Register)
    /// The element `index` of a buffer, in further lanes, or rows of a tile, `stride` elements on each.
    case element(BufferID, Index, stride: Int = 1)
    /// How many of the first lanes touch memory; all if nil.
    case active(Index?)
    case index(Index)
    /// The numbers `index + lane * stride`.
    case counter(Index, stride: Int)
    case integer(Int)
    case number(Double)
    case combination(BinaryFunction)
    case comparison(Comparison)
}

/// Where an operand of a kind stands in the text of an instruction, and what the rules ask of it.
enum Place: Hashable, Sendable {
    /// What is done to the element of a buffer.
    enum Effect: Hashable, Sendable { case reads, writes, prefetches }
    /// How many elements that is: one, or one a lane; of buffers of bf16 a pair, or a pair a lane; or the rows of a tile.
    enum Reach: Hashable, Sendable {
        case one, lanes, pair, pairs
        case tile(TileElement)

        /// At how many places, a stride apart, how many elements one behind the other.
        func extent(lanes: Int) -> (places: Int, width: Int) {
            switch self {
            case .one: (1, 1)
            case .lanes: (lanes, 1)
            case .pair: (2, 1)
            case .pairs: (2 * lanes, 1)
            case .tile(let element): (TileElement.rows, element.rowCount)
            }
        }

        /// What a buffer must hold, and of what that is the reason; nil where anything is converted.
        var element: (stored: StoredElement, phrase: String)? {
            switch self {
            case .one, .lanes: nil
            case .pair, .pairs: (.bf16, "pairs are")
            case .tile(let element): (element.stored, "\(element.phrase) is")
            }
        }
    }

    /// `%7`.
    case register(RegisterType)
    /// `(%7, %8)`.
    case registers([RegisterType])
    /// `name[index]`, or `name[index stride 2]`.
    case element(Effect, Reach, isStrided: Bool = false)
    /// Nothing, or ` active count`.
    case active
    /// An index, such as `i * 4 + 1`.
    case index
    /// `index stride 2`.
    case counter
    case integer
    case number
    /// A function that combines lanes in any order: `add`, `maximum`, `minimum`.
    case combination
    /// `<`, `<=`, `==`.
    case comparison

    static let vector = Place.register(.vector)
    static func vectors(_ count: Int) -> Place { .registers(Array(repeating: .vector, count: count)) }

    /// The functions that a `combination` may be.
    static let combinations: Set<BinaryFunction> = [.add, .maximum, .minimum]

    /// A place for each operand.
    fileprivate var single: [Place] { if case .registers(let types) = self { types.map(Place.register) } else { [self] } }
}

/// The text of an instruction: `"keep \(.vector) active \(.index)"`.
struct InstructionFormat: ExpressibleByStringInterpolation {
    enum Part {
        /// What is written, and its words and signs.
        case text(String, tokens: [String])
        case place(Place)

        static func text(_ text: String) -> Part {
            var lexer = KernelLexer(text)
            var tokens: [String] = []
            while let token = try? lexer.next(), token.kind != .end {
                switch token.kind {
                case .word(let text), .sign(let text): tokens.append(text)
                default: preconditionFailure("a format consists of words, signs and places: \(text)")
                }
            }
            return .text(text, tokens: tokens)
        }
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var parts: [Part] = []

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ text: String) { if !text.isEmpty { parts.append(.text(text)) } }
        mutating func appendInterpolation(_ place: Place) { parts.append(.place(place)) }
        mutating func appendInterpolation(word: String) { parts.append(.text(word)) }
    }

    let parts: [Part]

    init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }
    init(stringLiteral text: String) { parts = [.text(text)] }
}

/// The operands of an instruction, one by one: each function takes that at a place where the row has its kind.
extension [Operand] {
    func register(_ place: Int) -> Register {
        guard case .register(let register) = self[place] else { wrong(place) }
        return register
    }

    func buffer(_ place: Int) -> BufferID {
        guard case .element(let buffer, _, _) = self[place] else { wrong(place) }
        return buffer
    }

    func index(_ place: Int) -> LoopNest.Index {
        switch self[place] {
        case .index(let index), .element(_, let index, _), .counter(let index, _): return index
        default: wrong(place)
        }
    }

    func stride(_ place: Int) -> Int {
        switch self[place] {
        case .element(_, _, let stride), .counter(_, let stride): return stride
        default: wrong(place)
        }
    }

    func active(_ place: Int) -> LoopNest.Index? {
        guard case .active(let count) = self[place] else { wrong(place) }
        return count
    }

    func integer(_ place: Int) -> Int {
        guard case .integer(let value) = self[place] else { wrong(place) }
        return value
    }

    func number(_ place: Int) -> Double {
        guard case .number(let value) = self[place] else { wrong(place) }
        return value
    }

    func combination(_ place: Int) -> BinaryFunction {
        guard case .combination(let function) = self[place] else { wrong(place) }
        return function
    }

    func comparison(_ place: Int) -> Comparison {
        guard case .comparison(let comparison) = self[place] else { wrong(place) }
        return comparison
    }

    private func wrong(_ place: Int) -> Never { preconditionFailure("a row has another operand at place \(place): \(self[place])") }
}
