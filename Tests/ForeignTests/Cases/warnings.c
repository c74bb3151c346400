/// @param slop = 0.5 Misspelt.
float f(float x) {
    float unused = 3;
    int i = 2.5;
    return x + i;
}
