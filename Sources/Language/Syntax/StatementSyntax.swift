import Graph
import Source

/// What stands between braces: statements, and at the end perhaps the value.
public struct BodySyntax: Sendable {
    public var statements: [StatementSyntax]
    public var result: ExpressionSyntax?
    public var span: Span
    /// Whether the parser reported an error inside, so that a missing value needs no report of its own.
    public var isDamaged = false
}

public struct StatementSyntax: Sendable {
    public indirect enum Kind: Sendable {
        /// `let x = …`, `var x = …`, `let (a, b) = …`
        case bind(PatternSyntax, ExpressionSyntax, isMutable: Bool)
        /// `x = …` for a `var`.
        case assign(NameSyntax, ExpressionSyntax)
        case forEach(PatternSyntax, in: ExpressionSyntax, BodySyntax)
        /// `input image: f32[N, 1, 28, 28]`, perhaps with `prepare …`.
        case input(NameSyntax, TypeSyntax, ConstraintsSyntax?, PreparationSyntax?, documentation: String)
        /// `output logits = …`, perhaps with `labels "classes.txt"` behind the name.
        case output(NameSyntax, LabelFileSyntax?, ExpressionSyntax, documentation: String)
        /// `precision bf16`, or `precision stem, layer4.conv1: f32` of some labels.
        case precision([LabelSyntax], NameSyntax)
        /// `parameter scale: f32[64] = 1`, or `state`, with its first value: a number or an initializer.
        case parameter(ParameterRole, NameSyntax, TypeSyntax, ExpressionSyntax)
        /// `update u = …`: the next value of a state, in training.
        case update(NameSyntax, ExpressionSyntax)
        /// `assert condition, "message"`
        case assert(ExpressionSyntax, message: ExpressionSyntax?)
        /// `return value`: ends the block's body with its value.
        case returns(ExpressionSyntax)
        /// An `if` whose branches assign, or a value in the wrong place.
        case expression(ExpressionSyntax)
    }
    public var kind: Kind
    public var span: Span
}

/// What `let` and `for` bind.
public enum PatternSyntax: Sendable {
    case name(NameSyntax)
    case tuple([NameSyntax], Span)

    public var names: [NameSyntax] {
        switch self {
        case .name(let name): [name]
        case .tuple(let names, _): names
        }
    }
}

/// `where H % 32 == 0, W >= 64`, behind an input's type: what holds for its sizes.
public struct ConstraintsSyntax: Sendable {
    /// The word `where`.
    public var keyword: Span
    public var conditions: [ExpressionSyntax]
}

/// `f32[N, 1, 28, 28]`
public struct TypeSyntax: Sendable {
    public var element: NameSyntax
    public var dimensions: [ExpressionSyntax]
    public var span: Span
}

/// `labels "classes.txt"`, behind the name of an output: the file that says what its classes are called.
public struct LabelFileSyntax: Sendable {
    /// The place of the word itself.
    public var keyword: Span
    /// Relative to the file that it stands in.
    public var path: String
    /// The place of the path, with its quotes.
    public var span: Span
}

/// `prepare resize: 256, crop: 224`, behind an input's type: how picture files become its values.
public struct PreparationSyntax: Sendable {
    /// The place of the word itself.
    public var keyword: Span
    /// All with a name.
    public var settings: [ArgumentSyntax]
}
