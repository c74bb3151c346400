/// The grammar of the language, as people read it and as tests make sentences of it.
public enum Grammar {
    /// In the notation of ISO 14977; capitals stand for kinds of tokens, `LINE-BREAK` for the end of a line.
    ///
    /// `Tests/LanguageTests/GrammarTests.swift` ties it to the parser; `generated/grammar.ebnf` and the language's page show it.
    public static let text = """
        file        = { definition end } [ definition ] ;
        end         = LINE-BREAK | ";" ;
        definition  = ( "import" | "extern" ) TEXT | block | activation | operator | network | training ;
        block       = "block" NAME parameters body ;
        activation  = "activation" NAME parameters "=" expression ;
        operator    = "operator" NAME "(" [ taken { "," taken } [ "," ] ] ")" ":" type
                                       "=" "extern" TEXT NAME [ "," "gradient" NAME ] ;
        taken       = NAME ( ":" type | "=" expression ) ;          (* an input or a number *)
        network     = "network" NAME [ parameters ] body ;
        training    = "training" "of" subject { "," subject } "{" { clause end | ";" } [ clause ] "}" ;
        subject     = NAME [ arguments ] ;
        parameters  = "(" [ parameter { "," parameter } [ "," ] ] ")" ;
        parameter   = NAME [ "=" expression ] ;

        clause      = "target" NAME ":" type
                    | "loss" expression
                    | word setting { "," setting } ;
        word        = \(lines(of: Parser.settingWords)) ;
        setting     = argument | NAME ( expression - unsigned )       (* clip norm 1.0 *)
                    | TEXT ":" expression ;                   (* initialize "fc.bias": zeros *)
        unsigned    = ? an expression that does not begin with a number or "-" ? ;

        body        = "{" { statement end | ";" } [ statement ] "}" ;  (* an expression at its end is its value *)
        statement   = ( "let" | "var" ) pattern "=" expression
                    | NAME "=" expression
                    | "for" pattern "in" expression body
                    | "input" NAME ":" type [ "where" expression { "," expression } ]
                                       [ "prepare" prepared { "," prepared } ]
                    | "output" NAME [ "labels" TEXT ] [ "=" expression ]
                    | "precision" [ label { "," label } ":" ] NAME        (* precision layer4.conv1: f32 *)
                    | ( "parameter" | "state" ) NAME ":" type "=" expression          (* state u: f32[64] = normal(1) *)
                    | "update" NAME "=" expression
                    | "assert" ( expression - bracketed ) [ "," expression ]    (* assert width > 0, "the width is {width}" *)
                    | "return" expression
                    | expression ;
        bracketed   = ? an expression that begins with "[" or "-" ? ;
        prepared    = NAME ":" expression ;                       (* resize: 256 *)
        pattern     = NAME | "(" NAME { "," NAME } [ "," ] ")" ;
        type        = NAME "[" [ expression { "," expression } [ "," ] ] "]" ;

        expression  = operation { "|>" step } ;
        step        = [ [ "share" ] label ":" ] NAME [ arguments ] ;
        label       = part { "." part } ;                              (* no blanks between *)
        part        = ( verbatim | computed [ verbatim ] ) { computed [ verbatim ] } ;
        verbatim    = NAME | INTEGER | NUMBER - scientific ;
        scientific  = ? a number with an exponent ? ;                  (* 0.1 is two parts *)
        computed    = "{" ( expression - braced ) "}" ;
        braced      = ? an expression that holds "|>", a brace or a line break ? ;

        operation   = conjunction { "or" conjunction } ;
        conjunction = negation { "and" negation } ;
        negation    = "not" negation | comparison ;
        comparison  = range [ ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) range ] ;
        range       = sum [ ( "..<" | "..." ) sum ] ;
        sum         = product { ( "+" | "-" ) product } ;
        product     = unary { ( "*" | "/" | "%" ) unary } ;
        unary       = "-" unary | postfix ;
        postfix     = primary { "." NAME | "[" expression [ "," ] "]" } ;  (* in the line of what is before *)
        (* what stands in braces in a TEXT that is a primary, is an expression: "stage {i}" *)
        primary     = INTEGER | NUMBER | TEXT | "true" | "false" | NAME [ arguments ] | conditional
                    | "(" expression ")"
                    | "(" expression "," [ expression { "," expression } [ "," ] ] ")"
                    | "[" [ expression { "," expression } [ "," ] ] "]"
                    | "[" "for" pattern "in" expression body "]" ;      (* [for i in 0..<5 { i * i }] *)
        conditional = "if" expression body [ "else" ( conditional | body ) ] ;
        arguments   = "(" [ argument { "," argument } [ "," ] ] ")" ;
        argument    = [ NAME ":" ] expression ;

        """

    /// The words between quotes as alternatives, a few in a line.
    private static func lines(of words: [String]) -> String {
        let quoted = words.map { "\"\($0)\"" }
        let rows = stride(from: 0, to: quoted.count, by: 5).map { quoted[$0..<min($0 + 5, quoted.count)].joined(separator: " | ") }
        return rows.joined(separator: "\n            | ")
    }
}
