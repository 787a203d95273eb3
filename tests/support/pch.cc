// The precompiled header of all test programs is built from this unit.
